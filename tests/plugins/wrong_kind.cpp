#include "fixture.hpp"

static constexpr ar_plugin_desc make() {
  ar_plugin_desc desc = fixture::describe("wrong_kind");
  desc.kind = AR_KIND_DEVICE;
  return desc;
}
static constexpr ar_plugin_desc kDesc = make();
AR_PLUGIN(wrong_kind, &kDesc)
