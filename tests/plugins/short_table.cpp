#include "fixture.hpp"

// A table that ends before `close`: what lies behind its size must not be read.
static constexpr ar_format_api make_api() {
  ar_format_api api = ar::FormatPlugin<fixture::Nothing>::kApi;
  api.struct_size = offsetof(ar_format_api, close);
  return api;
}
static constexpr ar_format_api kApi = make_api();

static constexpr ar_plugin_desc make() {
  ar_plugin_desc desc = fixture::describe("short_table");
  desc.api = &kApi;
  return desc;
}
static constexpr ar_plugin_desc kDesc = make();
AR_PLUGIN(short_table, &kDesc)
