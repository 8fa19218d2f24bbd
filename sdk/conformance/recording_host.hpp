#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "ar/host.h"

namespace ar::conformance {

struct StoredTensor {
  ar_dtype dtype = 0;
  std::vector<int64_t> shape;
  std::string bytes;
};
inline bool operator==(const StoredTensor& a, const StoredTensor& b) {
  return a.dtype == b.dtype && a.shape == b.shape && a.bytes == b.bytes;
}
using StoredTensors = std::map<std::string, StoredTensor>;

/// A sink in memory that keeps the contract of ar/host.h strictly and can be told to fail at its n-th call.
class RecordingSink {
 public:
  explicit RecordingSink(int64_t fail_at = -1);
  RecordingSink(const RecordingSink&) = delete;
  RecordingSink& operator=(const RecordingSink&) = delete;

  const ar_sink* table() const { return &table_; }
  const StoredTensors& tensors() const { return done_; }
  int64_t calls() const { return calls_; }               // begin, write and end together
  int64_t open_handles() const { return n_open_; }       // begun and not ended
  const std::string& misuse() const { return misuse_; }  // the first breach of the contract, "" = none

 private:
  struct Pending;
  static ar_status begin(void* ctx, const char* name, ar_dtype dtype, const int64_t* shape, int32_t ndim, void** handle,
                         ar_error* err);
  static ar_status write(void* ctx, void* handle, const void* bytes, size_t n_bytes, ar_error* err);
  static ar_status end(void* ctx, void* handle, ar_error* err);
  bool fails_now();
  ar_status breach(ar_error* err, const std::string& text);

  std::mutex mutex_;
  ar_sink table_;
  int64_t fail_at_;
  int64_t calls_ = 0;
  int64_t n_open_ = 0;
  std::string misuse_;
  StoredTensors done_;
};

/// An output folder in memory.
class RecordingTarget {
 public:
  RecordingTarget();
  RecordingTarget(const RecordingTarget&) = delete;
  RecordingTarget& operator=(const RecordingTarget&) = delete;

  const ar_target* table() const { return &table_; }
  RecordingSink& sink() { return sink_; }
  const std::map<std::string, std::string>& files() const { return files_; }

 private:
  static RecordingTarget& self(void* ctx) { return *static_cast<RecordingTarget*>(ctx); }

  RecordingSink sink_;
  ar_target table_;
  std::map<std::string, std::string> files_;
};

/// Host services on a chosen number of threads. Slices depend on count and grain alone.
class RecordingHost {
 public:
  explicit RecordingHost(int n_threads);
  const ar_host* table() const { return &table_; }

 private:
  static ar_status parallel_for(void* ctx, int64_t count, int64_t grain,
                                ar_status (*body)(void* arg, int64_t begin, int64_t end), void* arg);
  int n_threads_;
  ar_host table_;
};

}  // namespace ar::conformance
