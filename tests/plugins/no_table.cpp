#include "fixture.hpp"

static constexpr ar_plugin_desc make() {
  ar_plugin_desc desc = fixture::describe("no_table");
  desc.api = nullptr;
  return desc;
}
static constexpr ar_plugin_desc kDesc = make();
AR_PLUGIN(no_table, &kDesc)
