#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/mapped_file.hpp"

namespace ar::model {

/// One tensor of a safetensors header. Offsets are relative to the first byte after the header.
struct TensorEntry {
  std::string name;
  std::string dtype;  // safetensors spelling: "BF16", "F32", "F8_E4M3" ...
  std::vector<int64_t> shape;
  uint64_t begin = 0;
  uint64_t end = 0;
};

struct SafetensorsHeader {
  std::vector<TensorEntry> tensors;  // by offset
  std::map<std::string, std::string> metadata;
  uint64_t data_start = 0;  // from the start of the file
};

/// A borrowed view of one stored tensor; valid as long as its file is mapped.
struct RawTensor {
  std::string dtype;
  std::vector<int64_t> shape;
  const std::byte* data = nullptr;
  uint64_t n_bytes = 0;
};

/// Bits of one element of a safetensors dtype, 0 for an unknown spelling.
int64_t dtype_bits(std::string_view dtype);
/// F16, BF16, F32 or F64: what an unquantized weight is stored in.
bool is_ordinary_float(std::string_view dtype);

/// Checks and reads the header in `head`, the first bytes of a file of `file_bytes` (at least the whole header).
/// Refuses: a Git LFS pointer, lengths out of bounds, bad JSON, repeated names, unknown dtypes, shapes that disagree
/// with the offsets, overlaps, gaps, a truncated file. `file` names it in messages. Never reads past `head`.
SafetensorsHeader parse_safetensors_header(std::string_view head, uint64_t file_bytes, const std::string& file);

/// One memory-mapped file. Immutable after construction: every const member is [any] thread.
class SafetensorsFile {
 public:
  explicit SafetensorsFile(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return map_->path(); }
  const SafetensorsHeader& header() const { return header_; }
  bool contains(const std::string& name) const { return index_.count(name) != 0; }
  /// Fails naming file and tensor when there is none.
  RawTensor raw(const std::string& name) const;
  /// Tells the kernel that the tensor's pages are wanted soon, or no longer (they are read again when touched).
  void prefetch(const std::string& name) const;
  void release(const std::string& name) const;
  /// Keeps the mapping alive for views that outlive this object.
  const std::shared_ptr<const MappedFile>& mapping() const { return map_; }

 private:
  const TensorEntry& entry(const std::string& name) const;

  std::shared_ptr<const MappedFile> map_;
  SafetensorsHeader header_;
  std::map<std::string, size_t> index_;
};

}  // namespace ar::model
