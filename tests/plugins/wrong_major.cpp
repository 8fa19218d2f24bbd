#include "fixture.hpp"

static constexpr ar_plugin_desc make() {
  ar_plugin_desc desc = fixture::describe("wrong_major");
  desc.sdk_major = AR_SDK_MAJOR + 1;
  return desc;
}
static constexpr ar_plugin_desc kDesc = make();
AR_PLUGIN(wrong_major, &kDesc)
