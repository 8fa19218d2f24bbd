#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <ATen/core/Tensor.h>

#include "core/model/checkpoint.hpp"

namespace ar::model {

/// A stored tensor as a CPU view of the mapping: no copy; the view keeps its file mapped. Do not write to it.
/// F8_* and U16..U64 types map to LibTorch's own; fails naming file, tensor and dtype for one LibTorch lacks.
at::Tensor tensor(const Checkpoint& checkpoint, const std::string& name);
at::Tensor tensor(const SafetensorsFile& file, const std::string& name);

/// All tensors of a small file, copied into memory of their own.
std::map<std::string, at::Tensor> read_safetensors(const std::filesystem::path& path);
/// Writes one file; it gets its name when it is complete.
void write_safetensors(const std::filesystem::path& path,
                       const std::vector<std::pair<std::string, at::Tensor>>& tensors);

}  // namespace ar::model
