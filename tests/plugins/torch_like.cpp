#include "fixture.hpp"

// Links a library named libtorch_stub.so, so it counts as one that needs LibTorch; its tag comes from the command line.
extern "C" int torch_stub(void);

static constexpr ar_plugin_desc make() {
  ar_plugin_desc desc = fixture::describe("torch_like");
  desc.build_tag = FIXTURE_TAG;
  return desc;
}
static constexpr ar_plugin_desc kDesc = make();
AR_PLUGIN(torch_like, torch_stub() == 0 ? nullptr : &kDesc)
