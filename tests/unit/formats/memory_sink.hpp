#pragma once

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "ar/cpp/tensor_view.hpp"
#include "ar/host.h"
#include "tests/tools/safetensors.hpp"

namespace ar::test {

/// A tensor with the storage an ar_tensor borrows.
class OwnedTensor {
 public:
  OwnedTensor(std::string name, ar_dtype dtype, std::vector<int64_t> shape, std::string bytes)
      : name_(std::move(name)),
        dtype_(dtype),
        shape_(std::move(shape)),
        strides_(shape_.size(), 1),
        bytes_(std::move(bytes)) {
    for (size_t i = shape_.size(); i-- > 1;) strides_[i - 1] = strides_[i] * shape_[i];
  }
  template <typename T>
  OwnedTensor(std::string name, ar_dtype dtype, std::vector<int64_t> shape, const std::vector<T>& values)
      : OwnedTensor(std::move(name), dtype, std::move(shape),
                    std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T))) {}

  const std::string& name() const { return name_; }
  const std::vector<int64_t>& shape() const { return shape_; }
  const std::string& bytes() const { return bytes_; }
  ar_dtype dtype() const { return dtype_; }
  template <typename T>
  std::vector<T> values() const {
    std::vector<T> v(bytes_.size() / sizeof(T));
    std::memcpy(v.data(), bytes_.data(), bytes_.size());
    return v;
  }

  /// Borrowed; valid while this object stays where it is.
  ar_tensor raw() const {
    ar_tensor t{};
    t.struct_size = sizeof t;
    t.name = name_.c_str();
    t.dtype = dtype_;
    t.view.data = const_cast<char*>(bytes_.data());
    t.view.device = {kDLCPU, 0};
    t.view.ndim = static_cast<int32_t>(shape_.size());
    t.view.dtype = {kDLUInt, static_cast<uint8_t>(8 * dtype_bytes(dtype_)), 1};
    t.view.shape = const_cast<int64_t*>(shape_.data());
    t.view.strides = const_cast<int64_t*>(strides_.data());
    return t;
  }

 private:
  std::string name_;
  ar_dtype dtype_;
  std::vector<int64_t> shape_;
  std::vector<int64_t> strides_;
  std::string bytes_;
};

inline ar_dtype dtype_of(const std::string& safetensors) {
  for (ar_dtype d = AR_DTYPE_BOOL; d <= AR_DTYPE_U64; ++d) {
    if (safetensors == dtype_name(d)) return d;
  }
  throw std::runtime_error("unknown dtype " + safetensors);
}

/// Keeps tensors and files in memory: a sink and a target in one.
class MemoryTarget {
 public:
  MemoryTarget() {
    sink_ = {sizeof(ar_sink), this, begin, write, end};
    target_ = {sizeof(ar_target), this, &sink_, write_file, file_open, file_write, file_seek, file_close};
  }
  MemoryTarget(const MemoryTarget&) = delete;
  MemoryTarget& operator=(const MemoryTarget&) = delete;

  const ar_sink* sink() const { return &sink_; }
  const ar_target* target() const { return &target_; }
  const std::map<std::string, OwnedTensor>& tensors() const { return tensors_; }
  const OwnedTensor& at(const std::string& name) const { return tensors_.at(name); }
  const std::map<std::string, std::string>& files() const { return files_; }

 private:
  struct Open {
    std::string name;
    ar_dtype dtype;
    std::vector<int64_t> shape;
    std::string bytes;
  };
  static ar_status begin(void*, const char* name, ar_dtype dtype, const int64_t* shape, int32_t ndim, void** handle,
                         ar_error*) {
    *handle = new Open{name, dtype, {shape, shape + ndim}, {}};
    return AR_OK;
  }
  static ar_status write(void*, void* handle, const void* bytes, size_t n, ar_error*) {
    static_cast<Open*>(handle)->bytes.append(static_cast<const char*>(bytes), n);
    return AR_OK;
  }
  static ar_status end(void* ctx, void* handle, ar_error*) {
    const std::unique_ptr<Open> open(static_cast<Open*>(handle));
    OwnedTensor tensor(open->name, open->dtype, open->shape, open->bytes);
    const ar_tensor raw = tensor.raw();
    if (TensorView(raw).n_bytes() != open->bytes.size()) return AR_INVALID_ARGUMENT;
    return static_cast<MemoryTarget*>(ctx)->tensors_.emplace(open->name, std::move(tensor)).second
               ? AR_OK
               : AR_INVALID_ARGUMENT;
  }
  static ar_status write_file(void* ctx, const char* name, const void* bytes, size_t n, ar_error*) {
    static_cast<MemoryTarget*>(ctx)->files_[name] = std::string(static_cast<const char*>(bytes), n);
    return AR_OK;
  }
  struct Stream {
    std::string* bytes;
    size_t at;
  };
  static ar_status file_open(void* ctx, const char* name, void** file, ar_error*) {
    *file = new Stream{&static_cast<MemoryTarget*>(ctx)->files_[name], 0};
    return AR_OK;
  }
  static ar_status file_write(void*, void* file, const void* bytes, size_t n, ar_error*) {
    auto& s = *static_cast<Stream*>(file);
    if (s.bytes->size() < s.at + n) s.bytes->resize(s.at + n);
    std::memcpy(s.bytes->data() + s.at, bytes, n);
    s.at += n;
    return AR_OK;
  }
  static ar_status file_seek(void*, void* file, uint64_t offset, ar_error*) {
    static_cast<Stream*>(file)->at = offset;
    return AR_OK;
  }
  static ar_status file_close(void*, void* file, ar_error*) {
    delete static_cast<Stream*>(file);
    return AR_OK;
  }

  ar_sink sink_;
  ar_target target_;
  std::map<std::string, OwnedTensor> tensors_;
  std::map<std::string, std::string> files_;
};

/// A host that runs slices one after the other and keeps what it was told.
class TestHost {
 public:
  TestHost() { host_ = {sizeof(ar_host), this, log, parallel_for, cancelled, progress, nullptr}; }
  TestHost(const TestHost&) = delete;
  TestHost& operator=(const TestHost&) = delete;
  const ar_host* host() const { return &host_; }
  const std::vector<std::string>& lines() const { return lines_; }

 private:
  static void log(void* ctx, int32_t, const char* text) { static_cast<TestHost*>(ctx)->lines_.emplace_back(text); }
  static ar_status parallel_for(void*, int64_t count, int64_t grain, ar_status (*body)(void*, int64_t, int64_t),
                                void* arg) {
    for (int64_t i = 0; i < count; i += grain) {
      if (const ar_status status = body(arg, i, std::min(count, i + grain)); status != AR_OK) return status;
    }
    return AR_OK;
  }
  static int32_t cancelled(void*) { return 0; }
  static void progress(void*, const char*, int64_t, int64_t) {}

  ar_host host_;
  std::vector<std::string> lines_;
};

}  // namespace ar::test
