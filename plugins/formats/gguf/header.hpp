#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "metadata.hpp"
#include "types.hpp"

namespace ar::gguf {

constexpr uint32_t kVersion = 3;
constexpr uint64_t kAlignment = 32;  // of the data; readers honour general.alignment

constexpr uint64_t aligned(uint64_t n, uint64_t alignment = kAlignment) {
  return (n + alignment - 1) / alignment * alignment;
}

/// One tensor of a file. shape is the usual one, rows before columns; the file has it the other way round.
struct TensorEntry {
  std::string name;
  Type type;
  std::vector<int64_t> shape;
  uint64_t offset;  // from the start of the data

  int64_t columns() const { return shape.empty() ? 1 : shape.back(); }
  int64_t rows() const;
  uint64_t n_bytes() const;
};

struct Header {
  Metadata metadata;
  std::vector<TensorEntry> tensors;
  uint64_t data_start = 0;  // from the start of the file
};

/// Gives every tensor its offset, one behind the other; returns the bytes of all.
uint64_t lay_out(std::vector<TensorEntry>& tensors);
/// Bytes up to the start of the data, padding included.
std::string serialize_header(const Metadata& metadata, const std::vector<TensorEntry>& tensors);

/// Reads a header from the first bytes of a file of `file_bytes` bytes; `bytes` must hold all of it. Whatever passes
/// lies inside the file without overlaps. Errors are ar::Error, "<what>: tensor 'x' ...".
Header parse_header(std::string_view bytes, uint64_t file_bytes, const std::string& what);

}  // namespace ar::gguf
