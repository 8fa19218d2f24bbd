#pragma once

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include <boost/json.hpp>

namespace ar::test {

/// A tensor as it lies in a safetensors file.
struct StoredTensor {
  std::string dtype;
  std::vector<int64_t> shape;
  std::string bytes;
};

inline std::string read_bytes(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error(path.string() + ": cannot be read");
  return {std::istreambuf_iterator<char>(file), {}};
}

/// All tensors of one file. A reader of its own, so that a mistake of the program's cannot hide itself; small files
/// only.
inline std::map<std::string, StoredTensor> read_safetensors(const std::filesystem::path& path) {
  const std::string file = read_bytes(path);
  uint64_t n = 0;
  std::memcpy(&n, file.data(), sizeof n);
  std::map<std::string, StoredTensor> tensors;
  const boost::json::value header = boost::json::parse(file.substr(8, n));
  for (const auto& [name, entry] : header.as_object()) {
    if (name == "__metadata__") continue;
    const auto& offsets = entry.at("data_offsets").as_array();
    const auto begin = offsets[0].to_number<uint64_t>();
    StoredTensor t;
    t.dtype = entry.at("dtype").as_string();
    for (const auto& d : entry.at("shape").as_array()) t.shape.push_back(d.to_number<int64_t>());
    t.bytes = file.substr(8 + n + begin, offsets[1].to_number<uint64_t>() - begin);
    tensors.emplace(name, std::move(t));
  }
  return tensors;
}

/// All tensors of a model folder, single or sharded.
inline std::map<std::string, StoredTensor> read_checkpoint(const std::filesystem::path& folder) {
  const auto index = folder / "model.safetensors.index.json";
  if (!std::filesystem::exists(index)) return read_safetensors(folder / "model.safetensors");
  std::map<std::string, StoredTensor> tensors;
  std::map<std::string, bool> seen;
  for (const auto& [name, file] : boost::json::parse(read_bytes(index)).at("weight_map").as_object()) {
    const std::string shard(file.as_string());
    if (seen.emplace(shard, true).second) tensors.merge(read_safetensors(folder / shard));
  }
  return tensors;
}

}  // namespace ar::test
