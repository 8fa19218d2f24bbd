#include "core/engine/output_file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/error.hpp"

namespace ar::engine {
namespace {

namespace fs = std::filesystem;

constexpr mode_t kMode = 0666;                        // less the user's umask
constexpr uint64_t kChunkBytes = uint64_t{1} << 20U;  // of a copy that the kernel cannot do

[[noreturn]] void fail_with(const fs::path& path, const char* what, int cause) {
  base::fail("{}: cannot {}: {}", path.string(), what, std::strerror(cause));
}

}  // namespace

OutputFile::OutputFile(fs::path path, int flags) : path_(std::move(path)), fd_(::open(path_.c_str(), flags, kMode)) {
  if (fd_ < 0) fail_with(path_, (flags & O_CREAT) != 0 ? "create" : "open", errno);
}

OutputFile OutputFile::create(const fs::path& path) { return {path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC}; }
OutputFile OutputFile::open(const fs::path& path) { return {path, O_RDONLY | O_CLOEXEC}; }

OutputFile::OutputFile(OutputFile&& other) noexcept
    : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)), at_(other.at_) {}

OutputFile::~OutputFile() {
  if (fd_ >= 0) ::close(fd_);
}

void OutputFile::write(const void* bytes, uint64_t n_bytes) {
  write_at(at_, bytes, n_bytes);
  at_ += n_bytes;
}

void OutputFile::write_at(uint64_t offset, const void* bytes, uint64_t n_bytes) const {
  const auto* from = static_cast<const char*>(bytes);
  while (n_bytes > 0) {
    const ssize_t n = ::pwrite(fd_, from, n_bytes, static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) fail_with(path_, "write", n < 0 ? errno : ENOSPC);
    from += n;
    offset += static_cast<uint64_t>(n);
    n_bytes -= static_cast<uint64_t>(n);
  }
}

void OutputFile::copy_from(const OutputFile& source, uint64_t offset, uint64_t n_bytes) {
  auto from = static_cast<off_t>(offset);
  while (n_bytes > 0) {
    auto to = static_cast<off_t>(at_);
    const ssize_t n = ::copy_file_range(source.fd_, &from, fd_, &to, n_bytes, 0);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && (errno == ENOSPC || errno == EDQUOT || errno == EFBIG || errno == EIO))
      fail_with(path_, "write", errno);
    if (n <= 0) break;  // not between these two file systems: copy by hand
    at_ += static_cast<uint64_t>(n);
    n_bytes -= static_cast<uint64_t>(n);
  }
  const auto buffer = n_bytes > 0 ? std::make_unique<char[]>(kChunkBytes) : nullptr;
  while (n_bytes > 0) {
    const ssize_t n = ::pread(source.fd_, buffer.get(), std::min(kChunkBytes, n_bytes), from);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail_with(source.path_, "read", errno);
    if (n == 0) base::fail("{}: ends {} bytes too early", source.path_.string(), n_bytes);
    write(buffer.get(), static_cast<uint64_t>(n));
    from += n;
    n_bytes -= static_cast<uint64_t>(n);
  }
}

void OutputFile::sync() const {
  if (::fsync(fd_) != 0) fail_with(path_, "flush to the disk", errno);
}

void OutputFile::close() {
  if (fd_ >= 0 && ::close(std::exchange(fd_, -1)) != 0) fail_with(path_, "close", errno);
}

uint64_t OutputFile::size() const {
  struct stat info {};
  if (::fstat(fd_, &info) != 0) fail_with(path_, "read the size of", errno);
  return static_cast<uint64_t>(info.st_size);
}

void sync_folder(const fs::path& folder) {
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) fail_with(folder, "open", errno);
  const int status = ::fsync(fd);
  const int cause = errno;
  ::close(fd);
  if (status != 0 && cause != EINVAL) fail_with(folder, "flush to the disk", cause);  // EINVAL: no such thing there
}

void rename_file(const fs::path& from, const fs::path& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) fail_with(to, "be given its name", errno);
}

void remove_file(const fs::path& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) fail_with(path, "remove", errno);
}

void remove_quietly(const fs::path& path) noexcept { (void)::unlink(path.c_str()); }

}  // namespace ar::engine
