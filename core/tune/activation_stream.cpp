#include "core/tune/activation_stream.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>

#include "core/base/error.hpp"

namespace ar::tune {
namespace {

/// A shared mapping of an unlinked file; pages go to disk when memory is short.
void* map_unnamed_file(const std::filesystem::path& folder, std::size_t n_bytes) {
  std::filesystem::create_directories(folder);
  std::string name = (folder / "streamXXXXXX").string();
  const int file = ::mkstemp(name.data());
  if (file < 0) base::fail("{}: {}", folder.string(), std::strerror(errno));
  ::unlink(name.c_str());
  // posix_fallocate: a full disk is an error here, not a SIGBUS in the middle of a run.
  const int error = ::posix_fallocate(file, 0, static_cast<off_t>(n_bytes));
  void* data = error == 0 ? ::mmap(nullptr, n_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0) : MAP_FAILED;
  const int reason = error != 0 ? error : errno;
  ::close(file);
  if (data == MAP_FAILED) base::fail("{}: cannot hold {} bytes of activations: {}", folder.string(), n_bytes, std::strerror(reason));
  return data;
}

}  // namespace

at::Tensor make_stream(int64_t samples, int64_t tokens, int64_t hidden, const std::filesystem::path& folder) {
  const auto options = at::TensorOptions(at::kFloat);
  if (folder.empty()) return at::empty({samples, tokens, hidden}, options);
  const auto n_bytes = static_cast<std::size_t>(samples * tokens * hidden) * 4;
  void* data = map_unnamed_file(folder, n_bytes);
  return at::from_blob(data, {samples, tokens, hidden}, [n_bytes](void* p) { ::munmap(p, n_bytes); }, options);
}

bool wants_disk(uint64_t n_bytes) {
  std::ifstream info("/proc/meminfo");
  std::string key;
  uint64_t kib = 0;
  std::string unit;
  while (info >> key >> kib >> unit) {
    if (key == "MemAvailable:") return n_bytes > kib * 1024 / 2;
  }
  return false;
}

}  // namespace ar::tune
