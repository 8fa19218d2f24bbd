#include "recording_host.hpp"

#include <algorithm>
#include <atomic>
#include <thread>

#include "ar/cpp/error.hpp"
#include "ar/cpp/tensor_view.hpp"

namespace ar::conformance {

struct RecordingSink::Pending {
  std::string name;
  StoredTensor tensor;
  bool failed = false;
};

RecordingSink::RecordingSink(int64_t fail_at) : table_{sizeof(ar_sink), this, begin, write, end}, fail_at_(fail_at) {}

bool RecordingSink::fails_now() { return calls_++ == fail_at_; }

ar_status RecordingSink::breach(ar_error* err, const std::string& text) {
  if (misuse_.empty()) misuse_ = text;
  return set_error(err, AR_INVALID_ARGUMENT, text.c_str());
}

ar_status RecordingSink::begin(void* ctx, const char* name, ar_dtype dtype, const int64_t* shape, int32_t ndim,
                               void** handle, ar_error* err) {
  auto& self = *static_cast<RecordingSink*>(ctx);
  const std::lock_guard<std::mutex> lock(self.mutex_);
  *handle = nullptr;
  if (self.fails_now()) return set_error(err, AR_IO, "no space left on device");
  if (dtype_bytes(dtype) == 0) return self.breach(err, std::string(name) + ": unknown element type");
  if (self.done_.count(name) != 0) return self.breach(err, std::string(name) + ": written twice");
  *handle = new Pending{name, {dtype, {shape, shape + ndim}, ""}, false};
  ++self.n_open_;
  return AR_OK;
}

ar_status RecordingSink::write(void* ctx, void* handle, const void* bytes, size_t n_bytes, ar_error* err) {
  auto& self = *static_cast<RecordingSink*>(ctx);
  auto& pending = *static_cast<Pending*>(handle);
  const std::lock_guard<std::mutex> lock(self.mutex_);
  if (self.fails_now()) {
    pending.failed = true;
    return set_error(err, AR_IO, "no space left on device");
  }
  pending.tensor.bytes.append(static_cast<const char*>(bytes), n_bytes);
  return AR_OK;
}

ar_status RecordingSink::end(void* ctx, void* handle, ar_error* err) {
  auto& self = *static_cast<RecordingSink*>(ctx);
  const std::unique_ptr<Pending> pending(static_cast<Pending*>(handle));
  const std::lock_guard<std::mutex> lock(self.mutex_);
  --self.n_open_;
  if (self.fails_now()) return set_error(err, AR_IO, "no space left on device");
  if (pending->failed) return AR_OK;
  std::size_t expected = dtype_bytes(pending->tensor.dtype);
  for (const int64_t n : pending->tensor.shape) expected *= static_cast<std::size_t>(n);
  if (pending->tensor.bytes.size() != expected) {
    return self.breach(err, pending->name + ": " + std::to_string(pending->tensor.bytes.size()) +
                                " bytes written, its shape announces " + std::to_string(expected));
  }
  self.done_[pending->name] = std::move(pending->tensor);
  return AR_OK;
}

RecordingTarget::RecordingTarget() {
  table_ = {sizeof(ar_target), this, sink_.table(), nullptr, nullptr, nullptr, nullptr, nullptr};
  table_.write_file = [](void* ctx, const char* name, const void* bytes, size_t n_bytes, ar_error*) -> ar_status {
    self(ctx).files_[name] = std::string(static_cast<const char*>(bytes), n_bytes);
    return AR_OK;
  };
  // A streamed file is a string and a position.
  struct Stream {
    std::string* bytes;
    std::size_t at;
  };
  table_.file_open = [](void* ctx, const char* name, void** file, ar_error*) -> ar_status {
    *file = new Stream{&self(ctx).files_[name], 0};
    return AR_OK;
  };
  table_.file_write = [](void*, void* file, const void* bytes, size_t n_bytes, ar_error*) -> ar_status {
    auto& s = *static_cast<Stream*>(file);
    s.bytes->resize(std::max(s.bytes->size(), s.at + n_bytes));
    s.bytes->replace(s.at, n_bytes, static_cast<const char*>(bytes), n_bytes);
    s.at += n_bytes;
    return AR_OK;
  };
  table_.file_seek = [](void*, void* file, uint64_t offset, ar_error*) -> ar_status {
    auto& s = *static_cast<Stream*>(file);
    s.at = offset;
    return AR_OK;
  };
  table_.file_close = [](void*, void* file, ar_error*) -> ar_status {
    delete static_cast<Stream*>(file);
    return AR_OK;
  };
}

RecordingHost::RecordingHost(int n_threads)
    : n_threads_(n_threads),
      table_{sizeof(ar_host),
             this,
             [](void*, int32_t, const char*) {},
             parallel_for,
             [](void*) -> int32_t { return 0; },
             [](void*, const char*, int64_t, int64_t) {},
             nullptr} {}

ar_status RecordingHost::parallel_for(void* ctx, int64_t count, int64_t grain,
                                      ar_status (*body)(void* arg, int64_t begin, int64_t end), void* arg) {
  const int64_t slice = std::max<int64_t>(1, grain);
  std::atomic<int64_t> next{0};
  std::atomic<ar_status> failure{AR_OK};
  const auto work = [&] {
    while (failure.load() == AR_OK) {
      const int64_t begin = next.fetch_add(slice);
      if (begin >= count) return;
      const ar_status status = body(arg, begin, std::min(begin + slice, count));
      if (status != AR_OK) failure = status;
    }
  };
  std::vector<std::thread> threads;
  for (int i = 1; i < static_cast<RecordingHost*>(ctx)->n_threads_; ++i) threads.emplace_back(work);
  work();
  for (auto& thread : threads) thread.join();
  return failure.load();
}

}  // namespace ar::conformance
