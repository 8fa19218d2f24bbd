#include <csignal>

#include "fixture.hpp"

__attribute__((constructor)) static void crash() { std::raise(SIGSEGV); }

static constexpr ar_plugin_desc kDesc = fixture::describe("crashes_at_load");
AR_PLUGIN(crashes_at_load, &kDesc)
