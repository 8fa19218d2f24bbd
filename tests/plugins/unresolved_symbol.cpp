#include "fixture.hpp"

extern "C" void nobody_defines_this(void);

static constexpr ar_plugin_desc kDesc = fixture::describe("unresolved_symbol");
static const ar_plugin_desc* entry() {
  nobody_defines_this();
  return &kDesc;
}
AR_PLUGIN(unresolved_symbol, entry())
