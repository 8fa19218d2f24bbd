#include <unistd.h>

#include "fixture.hpp"

__attribute__((constructor)) static void leave() { _exit(0); }

static constexpr ar_plugin_desc kDesc = fixture::describe("exits_at_load");
AR_PLUGIN(exits_at_load, &kDesc)
