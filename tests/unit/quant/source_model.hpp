#pragma once

#include <cstring>
#include <filesystem>
#include <map>
#include <string>

#include <ATen/ops/empty.h>

#include "tests/tools/safetensors.hpp"

namespace ar::quant::test {

using ar::test::StoredTensor;

inline std::string golden_in_tree() { return std::string(AR_SOURCE_DIR) + "/tests/golden/upstream/"; }
inline std::string golden_shared() { return std::string(AR_SHARED_DIR) + "/golden/upstream/"; }

/// A source model, from the tree or from the full golden data; empty when it is in neither.
inline const std::map<std::string, StoredTensor>& source_model(const std::string& name) {
  static std::map<std::string, std::map<std::string, StoredTensor>> models;
  auto& tensors = models[name];
  for (const std::string& folder : {golden_in_tree(), golden_shared()})
    if (tensors.empty() && std::filesystem::exists(folder + "models/" + name))
      tensors = ar::test::read_checkpoint(folder + "models/" + name);
  return tensors;
}

inline at::Tensor weight_of(const StoredTensor& stored) {
  at::Tensor w = at::empty(stored.shape, at::kBFloat16);
  std::memcpy(w.mutable_data_ptr(), stored.bytes.data(), stored.bytes.size());
  return w;
}

}  // namespace ar::quant::test
