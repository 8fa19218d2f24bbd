#include "core/model/mapped_file.hpp"

#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/error.hpp"

namespace ar::model {
namespace {

struct Descriptor {
  explicit Descriptor(int value) : fd(value) {}
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int fd;
};

[[noreturn]] void fail_with_errno(const std::filesystem::path& path, const char* what) {
  base::fail("{}: {}: {}", path.string(), what, std::strerror(errno));
}

uint64_t page_bytes() {
  static const auto bytes = static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  return bytes;
}

}  // namespace

MappedFile::MappedFile(std::filesystem::path path) : path_(std::move(path)) {
  const Descriptor file(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.fd < 0) fail_with_errno(path_, "cannot open");
  struct stat info {};
  if (::fstat(file.fd, &info) != 0) fail_with_errno(path_, "cannot read its size");
  if (!S_ISREG(info.st_mode)) base::fail("{}: not a regular file", path_.string());
  size_ = static_cast<uint64_t>(info.st_size);
  if (size_ == 0) return;
  void* at = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file.fd, 0);
  if (at == MAP_FAILED) fail_with_errno(path_, "cannot map");
  data_ = static_cast<const std::byte*>(at);
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
}

// Advice that fails costs time, not correctness: the results of madvise are ignored on purpose.
void MappedFile::prefetch(uint64_t offset, uint64_t n_bytes) const {
  if (n_bytes == 0 || offset >= size_) return;
  const uint64_t begin = offset / page_bytes() * page_bytes();
  (void)::madvise(const_cast<std::byte*>(data_) + begin, offset - begin + n_bytes, MADV_WILLNEED);
}

void MappedFile::release(uint64_t offset, uint64_t n_bytes) const {
  const uint64_t page = page_bytes();
  const uint64_t begin = (offset + page - 1) / page * page;
  const uint64_t last = offset + n_bytes;
  const uint64_t end = last == size_ ? (last + page - 1) / page * page : last / page * page;
  if (begin >= end) return;
  (void)::madvise(const_cast<std::byte*>(data_) + begin, end - begin, MADV_DONTNEED);
}

}  // namespace ar::model
