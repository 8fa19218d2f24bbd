#include <cstdio>
#include <string>

#include "ar/cpp/error.hpp"
#include "ar/device.h"
#include "cpu_info.hpp"

namespace {

constexpr const char* kDtypes[] = {"float32", "bfloat16", nullptr};

int32_t count() { return 1; }

ar_status describe(int32_t index, ar_device_info* info, ar_error* err) {
  return ar::guard(err, [&] {
    if (index != 0) throw ar::Error(AR_NOT_FOUND, "device " + std::to_string(index) + ": there is one CPU, number 0");
    // Kept for the life of the process: describe hands out a pointer to its text.
    static const std::string note = ar::cpu::instruction_sets();
    const ar::cpu::Memory memory = ar::cpu::memory();
    std::snprintf(info->name, sizeof info->name, "%s", ar::cpu::name().c_str());
    std::snprintf(info->device, sizeof info->device, "cpu");
    info->total_bytes = memory.total_bytes;
    info->free_bytes = memory.free_bytes;
    info->dtypes = kDtypes;
    info->note = note.c_str();
  });
}

ar_status probe(ar_error*) { return AR_OK; }
ar_status synchronize(int32_t, ar_error*) { return AR_OK; }    // the CPU has no queue
ar_status release_cache(int32_t, ar_error*) { return AR_OK; }  // LibTorch caches nothing on the CPU

constexpr ar_device_api kApi = {sizeof(ar_device_api), count, describe, probe, synchronize, release_cache, nullptr};
constexpr const char* kCapabilities[] = {"float32", "bfloat16", nullptr};

constexpr ar_plugin_desc kDesc = {sizeof(ar_plugin_desc),
                                  AR_SDK_MAJOR,
                                  AR_SDK_MINOR,
                                  AR_KIND_DEVICE,
                                  0,
                                  "cpu",
                                  nullptr,
                                  "The processor this program runs on",
                                  "1.0.0",
                                  "",
                                  kCapabilities,
                                  &kApi};

}  // namespace

AR_PLUGIN(cpu, &kDesc)
