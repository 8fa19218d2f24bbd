#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string_view>

namespace ar::model {

/// A whole file mapped read-only. Fails naming the file and the system's reason. [any]
class MappedFile {
 public:
  explicit MappedFile(std::filesystem::path path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  const std::filesystem::path& path() const { return path_; }
  const std::byte* data() const { return data_; }
  uint64_t size() const { return size_; }
  std::string_view text() const { return {reinterpret_cast<const char*>(data_), size_}; }
  /// Asks for the pages of a byte range ahead of use.
  void prefetch(uint64_t offset, uint64_t n_bytes) const;
  /// Drops the whole pages inside a byte range from memory; neighbours' bytes stay.
  void release(uint64_t offset, uint64_t n_bytes) const;

 private:
  std::filesystem::path path_;
  const std::byte* data_ = nullptr;
  uint64_t size_ = 0;
};

}  // namespace ar::model
