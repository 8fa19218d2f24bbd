#include "fixture.hpp"

static constexpr ar_plugin_desc make() {
  ar_plugin_desc desc = fixture::describe("newer_minor");
  desc.sdk_minor = AR_SDK_MINOR + 1;
  return desc;
}
static constexpr ar_plugin_desc kDesc = make();
AR_PLUGIN(newer_minor, &kDesc)
