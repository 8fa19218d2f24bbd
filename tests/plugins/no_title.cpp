#include "fixture.hpp"

static constexpr ar_plugin_desc make() {
  ar_plugin_desc desc = fixture::describe("no_title");
  desc.title = nullptr;
  return desc;
}
static constexpr ar_plugin_desc kDesc = make();
AR_PLUGIN(no_title, &kDesc)
