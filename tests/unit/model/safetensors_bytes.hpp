#pragma once

#include <cstdint>
#include <string>

namespace ar::test {

/// A safetensors file from its parts; the length is computed unless given.
inline std::string safetensors_bytes(const std::string& json, const std::string& data, int64_t length = -1) {
  const auto n = length < 0 ? static_cast<uint64_t>(json.size()) : static_cast<uint64_t>(length);
  std::string bytes;
  for (unsigned shift = 0; shift < 64; shift += 8) bytes += static_cast<char>((n >> shift) & 0xffU);
  return bytes + json + data;
}

/// One float tensor of two elements.
inline std::string one_tensor(const std::string& name) {
  return safetensors_bytes("{\"" + name + R"(":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})",
                           std::string(8, '\1'));
}

}  // namespace ar::test
