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

 private:
  const char* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace ar::gguf
