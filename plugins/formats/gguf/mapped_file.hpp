#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ar::gguf {

/// A whole file mapped read-only. Throws AR_IO naming the file and the system's reason.
class MappedFile {
 public:
  explicit MappedFile(const std::string& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::string_view bytes() const { return {data_, size_}; }
  /// Gives the memory of a part back; what is read there again comes from the file again. [any]
  void release(uint64_t begin, uint64_t n_bytes) const;

 private:
  const char* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace ar::gguf
