#include "mapped_file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ar/cpp/error.hpp"

namespace ar::gguf {
namespace {

constexpr uint64_t kFaultAround = 65536;  // what Linux maps at a fault; a multiple of every page size

[[noreturn]] void fail(const std::string& path) {
  throw Error(AR_IO, path + ": cannot be read: " + std::strerror(errno));
}

}  // namespace

MappedFile::MappedFile(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) fail(path);
  struct stat info {};
  if (::fstat(file, &info) != 0) {
    ::close(file);
    fail(path);
  }
  size_ = static_cast<size_t>(info.st_size);
  void* at = size_ == 0 ? nullptr : ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file, 0);
  ::close(file);
  if (at == MAP_FAILED) fail(path);
  data_ = static_cast<const char*>(at);
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<char*>(data_), size_);
}

void MappedFile::release(uint64_t begin, uint64_t n_bytes) const {
  const uint64_t first = begin / kFaultAround * kFaultAround;
  const uint64_t end = std::min<uint64_t>(size_, (begin + n_bytes + kFaultAround - 1) / kFaultAround * kFaultAround);
  (void)::madvise(const_cast<char*>(data_) + first, end - first, MADV_DONTNEED);
}

}  // namespace ar::gguf
