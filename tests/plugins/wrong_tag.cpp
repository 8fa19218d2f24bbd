#include "fixture.hpp"

static constexpr ar_plugin_desc make() {
  ar_plugin_desc desc = fixture::describe("wrong_tag");
  desc.build_tag = "torch=1.0.0;cxx11abi=0";
  return desc;
}
static constexpr ar_plugin_desc kDesc = make();
AR_PLUGIN(wrong_tag, &kDesc)
