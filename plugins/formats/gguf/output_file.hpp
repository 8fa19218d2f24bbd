#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "ar/host.h"
#include "header.hpp"

namespace ar::gguf {

/// The file while it is written. Every tensor has its place from the start, so that tensors may come in any order and
/// none is held in memory. [serial]
class OutputFile {
 public:
  /// Writes the header. `tensors` are laid out.
  OutputFile(const ar_target& target, const std::string& name, const Metadata& metadata,
             const std::vector<TensorEntry>& tensors);
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  /// A whole tensor, or slice number `slice` of those that a stack is made of; -1: whole.
  void write(const TensorEntry& tensor, int64_t slice, const void* bytes, uint64_t n_bytes);
  /// Pads the end and closes. Throws naming a tensor that has not come.
  void close();

 private:
  void write_at(uint64_t offset, const void* bytes, uint64_t n_bytes);

  const ar_target* target_;
  std::string name_;
  void* file_ = nullptr;
  uint64_t data_start_ = 0;
  uint64_t at_ = 0;
  uint64_t end_ = 0;
  std::map<std::string, uint64_t> missing_;  // bytes by tensor
};

}  // namespace ar::gguf
