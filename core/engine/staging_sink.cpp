#include "core/engine/staging_sink.hpp"

#include "core/engine/sink_guard.hpp"

namespace ar::engine {

struct StagingSink::Calls {
  static ar_status begin(void* ctx, const char* name, ar_dtype dtype, const int64_t* shape, int32_t n_dims,
                         void** handle, ar_error* err) {
    return sink_guard(err, [&] {
      auto& self = *static_cast<StagingSink*>(ctx);
      const Announced announced = check_announced(name, dtype, shape, n_dims);
      const std::lock_guard<std::mutex> lock(self.mutex_);
      if (!self.names_.insert(name).second) throw InvalidArgument(fmt::format("tensor {} was begun before", name));
      self.tensors_.push_back({name, dtype, announced.shape, {}});
      self.tensors_.back().bytes.reserve(announced.n_bytes);
      *handle = &self.tensors_.back();
    });
  }

  static ar_status write(void*, void* handle, const void* bytes, size_t n_bytes, ar_error* err) {
    return sink_guard(err, [&] {
      auto& tensor = *static_cast<StagedTensor*>(handle);
      if (tensor.bytes.size() + n_bytes > size_of(tensor)) {
        throw InvalidArgument(fmt::format("tensor {}: more than the announced {} bytes", tensor.name, size_of(tensor)));
      }
      const auto* from = static_cast<const std::byte*>(bytes);
      tensor.bytes.insert(tensor.bytes.end(), from, from + n_bytes);
    });
  }

  static ar_status end(void*, void* handle, ar_error* err) {
    return sink_guard(err, [&] {
      const auto& tensor = *static_cast<StagedTensor*>(handle);
      if (tensor.bytes.size() == size_of(tensor)) return;
      throw InvalidArgument(fmt::format("tensor {}: {} of the announced {} bytes were written", tensor.name,
                                        tensor.bytes.size(), size_of(tensor)));
    });
  }

  static uint64_t size_of(const StagedTensor& t) {
    return check_announced(t.name.c_str(), t.dtype, t.shape.data(), static_cast<int32_t>(t.shape.size())).n_bytes;
  }
};

StagingSink::StagingSink() : table_{sizeof(ar_sink), this, &Calls::begin, &Calls::write, &Calls::end} {}

}  // namespace ar::engine
