#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "ar/cpp/error.hpp"
#include "ar/host.h"

namespace ar {

/// Turns a failed status of the host into ar::Error; the host's own text is kept.
inline void require_ok(ar_status status, const ar_error& err, const char* doing) {
  if (status == AR_OK) return;
  throw Error(status, err.text[0] != '\0' ? std::string(err.text) : std::string(doing) + " failed");
}

/// One tensor on its way into a sink. `end` checks that the announced bytes came; the destructor only frees the handle.
class SinkTensor {
 public:
  SinkTensor(const ar_sink& sink, const std::string& name, ar_dtype dtype, const std::vector<int64_t>& shape)
      : sink_(&sink) {
    ar_error err{};
    require_ok(
        sink.begin(sink.ctx, name.c_str(), dtype, shape.data(), static_cast<int32_t>(shape.size()), &handle_, &err),
        err, "sink begin");
  }
  SinkTensor(const SinkTensor&) = delete;
  SinkTensor& operator=(const SinkTensor&) = delete;
  ~SinkTensor() {
    if (handle_ != nullptr) sink_->end(sink_->ctx, handle_, nullptr);
  }

  SinkTensor& write(const void* bytes, std::size_t n_bytes) {
    ar_error err{};
    require_ok(sink_->write(sink_->ctx, handle_, bytes, n_bytes, &err), err, "sink write");
    return *this;
  }
  template <typename T>
  SinkTensor& write(const std::vector<T>& values) {
    static_assert(std::is_trivially_copyable_v<T>, "elements are written as bytes");
    return write(values.data(), values.size() * sizeof(T));
  }
  void end() {
    ar_error err{};
    require_ok(sink_->end(sink_->ctx, std::exchange(handle_, nullptr), &err), err, "sink end");
  }

 private:
  const ar_sink* sink_;
  void* handle_ = nullptr;
};

/// Writes a whole tensor.
inline void write_tensor(const ar_sink& sink, const std::string& name, ar_dtype dtype,
                         const std::vector<int64_t>& shape, const void* bytes, std::size_t n_bytes) {
  SinkTensor tensor(sink, name, dtype, shape);
  tensor.write(bytes, n_bytes).end();
}
template <typename T>
void write_tensor(const ar_sink& sink, const std::string& name, ar_dtype dtype, const std::vector<int64_t>& shape,
                  const std::vector<T>& values) {
  SinkTensor tensor(sink, name, dtype, shape);
  tensor.write(values).end();
}

/// Writes a whole side file of the output folder.
inline void write_file(const ar_target& target, const std::string& name, const std::string& content) {
  ar_error err{};
  require_ok(target.write_file(target.ctx, name.c_str(), content.data(), content.size(), &err), err, "write_file");
}

/// body(begin, end) on slices of [0, count), on the host's threads; what a slice throws is thrown here, the first one.
template <typename Body>
void parallel_for(const ar_host& host, int64_t count, int64_t grain, Body&& body) {
  struct Call {
    std::remove_reference_t<Body>* body;
    std::mutex mutex;
    ar_error err{};
  } call{&body, {}, {}};
  const auto run = [](void* arg, int64_t begin, int64_t end) -> ar_status {
    auto& c = *static_cast<Call*>(arg);
    ar_error err{};
    const ar_status status = guard(&err, [&] { (*c.body)(begin, end); });
    if (status != AR_OK) {
      const std::lock_guard<std::mutex> lock(c.mutex);
      if (c.err.code == AR_OK) c.err = err;
    }
    return status;
  };
  const ar_status status = host.parallel_for(host.ctx, count, grain, run, &call);
  if (status != AR_OK) throw Error(status, call.err.code != AR_OK ? call.err.text : "the host stopped parallel work");
}

}  // namespace ar
