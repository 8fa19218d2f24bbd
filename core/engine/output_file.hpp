#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>

namespace ar::engine {

/// An open file; every failure is a base::Error with its path and the system's reason ("No space left on device").
class OutputFile {
 public:
  /// Creates or empties the file; opened for reading too.
  static OutputFile create(const std::filesystem::path& path);
  static OutputFile open(const std::filesystem::path& path);
  OutputFile(OutputFile&& other) noexcept;
  OutputFile& operator=(OutputFile&&) = delete;
  ~OutputFile();

  const std::filesystem::path& path() const { return path_; }
  void write(const void* bytes, uint64_t n_bytes);  // at the end of what was written or sought
  void write_at(uint64_t offset, const void* bytes, uint64_t n_bytes) const;  // [any]
  void seek(uint64_t offset) { at_ = offset; }
  /// Appends a range of another file, in the kernel where it can.
  void copy_from(const OutputFile& source, uint64_t offset, uint64_t n_bytes);
  /// Waits until the bytes are on the disk.
  void sync() const;
  /// A close that reports what the system held back (network disks). The object is done afterwards.
  void close();
  uint64_t size() const;

 private:
  OutputFile(std::filesystem::path path, int flags);

  std::filesystem::path path_;
  int fd_ = -1;
  uint64_t at_ = 0;
};

void sync_folder(const std::filesystem::path& folder);
void rename_file(const std::filesystem::path& from, const std::filesystem::path& to);
/// Removes a file that may not be there.
void remove_file(const std::filesystem::path& path);
/// The same in a destructor: what cannot be removed stays.
void remove_quietly(const std::filesystem::path& path) noexcept;

}  // namespace ar::engine
