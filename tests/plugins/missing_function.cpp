#include "fixture.hpp"

static constexpr ar_format_api make_api() {
  ar_format_api api = ar::FormatPlugin<fixture::Nothing>::kApi;
  api.pack = nullptr;
  return api;
}
static constexpr ar_format_api kApi = make_api();

static constexpr ar_plugin_desc make() {
  ar_plugin_desc desc = fixture::describe("missing_function");
  desc.api = &kApi;
  return desc;
}
static constexpr ar_plugin_desc kDesc = make();
AR_PLUGIN(missing_function, &kDesc)
