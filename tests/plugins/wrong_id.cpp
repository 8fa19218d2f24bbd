#include "fixture.hpp"

static constexpr ar_plugin_desc make() {
  ar_plugin_desc desc = fixture::describe("wrong_id");
  desc.id = "another_id";
  return desc;
}
static constexpr ar_plugin_desc kDesc = make();
AR_PLUGIN(wrong_id, &kDesc)
