// A format whose name begins with another plugin's id.
#include "fixture.hpp"

static const char* const kAliases[] = {"good:guest", nullptr};

static constexpr ar_plugin_desc make() {
  ar_plugin_desc desc = fixture::describe("guest");
  desc.aliases = kAliases;
  return desc;
}
static constexpr ar_plugin_desc kDesc = make();
AR_PLUGIN(guest, &kDesc)
