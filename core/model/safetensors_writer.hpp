#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/safetensors_file.hpp"

namespace ar::model {

/// The order of the reference writer (formats.md 5.3): by dtype, wider first, then by name.
bool serialized_before(const TensorEntry& a, const TensorEntry& b);

/// Sorts the tensors into that order and lays them out one after another (begin and end are set from their sizes).
void lay_out(std::vector<TensorEntry>& tensors);

/// The bytes before the data: length, JSON, padding to a multiple of 8. `format` goes to __metadata__ ("pt"), unless
/// empty. The tensors must be laid out.
std::string serialize_header(const std::vector<TensorEntry>& tensors, std::string_view format);

}  // namespace ar::model
