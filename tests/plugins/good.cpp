#include "fixture.hpp"

static const char* const kAliases[] = {"fine", "good:small", nullptr};
static const char* const kCapabilities[] = {"W4A16", "W8A16", "good:small=W4A16", nullptr};

static constexpr ar_plugin_desc make() {
  ar_plugin_desc desc = fixture::describe("good");
  desc.aliases = kAliases;
  desc.capabilities = kCapabilities;
  return desc;
}
static constexpr ar_plugin_desc kDesc = make();
AR_PLUGIN(good, &kDesc)
