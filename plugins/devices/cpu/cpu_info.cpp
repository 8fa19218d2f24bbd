#include "cpu_info.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <sstream>

namespace ar::cpu {
namespace {

/// The value after the colon of the first line that starts with `key`.
std::optional<std::string> field(const char* path, const std::string& key) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (line.rfind(key, 0) != 0) continue;
    const auto colon = line.find(':');
    const auto start = line.find_first_not_of(" \t", colon == std::string::npos ? 0 : colon + 1);
    return start == std::string::npos ? std::string() : line.substr(start);
  }
  return std::nullopt;
}

uint64_t meminfo_bytes(const std::string& key) {
  const auto text = field("/proc/meminfo", key + ":");
  return text ? std::strtoull(text->c_str(), nullptr, 10) * 1024 : 0;
}

/// A number alone in a file; nothing for "max" or a missing file.
std::optional<uint64_t> number(const char* path) {
  std::ifstream file(path);
  uint64_t value = 0;
  if (file >> value) return value;
  return std::nullopt;
}

}  // namespace

std::string name() {
  if (auto model = field("/proc/cpuinfo", "model name")) return *model;
#if defined(__x86_64__)
  return "x86-64";
#elif defined(__aarch64__)
  return "AArch64";
#else
  return "CPU";
#endif
}

Memory memory() {
  Memory m{meminfo_bytes("MemTotal"), meminfo_bytes("MemAvailable")};
  const auto limit = number("/sys/fs/cgroup/memory.max");
  if (limit && (m.total_bytes == 0 || *limit < m.total_bytes)) {
    const uint64_t used = number("/sys/fs/cgroup/memory.current").value_or(0);
    m.total_bytes = *limit;
    m.free_bytes = std::min(m.free_bytes, *limit > used ? *limit - used : 0);
  }
  return m;
}

std::string instruction_sets() {
  std::istringstream flags(field("/proc/cpuinfo", "flags").value_or(field("/proc/cpuinfo", "Features").value_or("")));
  constexpr const char* kKnown[][2] = {{"avx2", "AVX2"},
                                       {"fma", "FMA"},
                                       {"avx512f", "AVX512F"},
                                       {"avx512_bf16", "AVX512_BF16"},
                                       {"avx512_fp16", "AVX512_FP16"},
                                       {"amx_bf16", "AMX_BF16"},
                                       {"amx_int8", "AMX_INT8"},
                                       {"asimd", "NEON"},
                                       {"sve", "SVE"},
                                       {"bf16", "BF16"}};
  std::string text;
  for (std::string flag; flags >> flag;) {
    for (const auto& [key, label] : kKnown) {
      if (flag == key) text += (text.empty() ? "" : " ") + std::string(label);
    }
  }
  return text;
}

}  // namespace ar::cpu
