#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/plugin/registry.hpp"

namespace ar::engine {

/// The device a run computes on.
struct DeviceChoice {
  const plugin::Device* plugin = nullptr;
  int32_t index = 0;
  std::string device;  // LibTorch's string: "cpu", "cuda:0"
  std::string name;    // "AMD EPYC ..."
  std::string note;    // instruction sets; may be ""
  uint64_t total_bytes = 0;
  uint64_t free_bytes = 0;  // when asked
  std::vector<std::string> dtypes;
};

/// The device of a `--device_map` text (docs/cli.md): an index or "auto" means the first accelerator that has a usable
/// plugin, else the CPU; a name ("cuda", "cuda:1") asks for that plugin. Refuses (exit 2) what is not there.
DeviceChoice choose_device(plugin::Registry& registry, const std::string& device_map);

/// Waits for the device's queue / gives cached memory back to the system.
void synchronize(const DeviceChoice& device);
void release_cache(const DeviceChoice& device);

}  // namespace ar::engine
