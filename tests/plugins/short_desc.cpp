#include "fixture.hpp"

static constexpr ar_plugin_desc make() {
  ar_plugin_desc desc = fixture::describe("short_desc");
  desc.struct_size = 16;
  return desc;
}
static constexpr ar_plugin_desc kDesc = make();
AR_PLUGIN(short_desc, &kDesc)
