#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "ar/tensor.h"
#include "core/model/safetensors_file.hpp"

namespace ar::engine {

/// The ar_dtype of a safetensors dtype ("BF16"); 0 when the boundary has none.
ar_dtype boundary_dtype(const std::string& safetensors);

/// Stored tensors as a format plugin sees them: views of the mapped file, copied only where they are misaligned. The
/// files must stay mapped as long as this object lives.
class LayerTensors {
 public:
  LayerTensors() = default;
  LayerTensors(const LayerTensors&) = delete;
  LayerTensors& operator=(const LayerTensors&) = delete;

  /// Fails naming the tensor when no plugin can be given its type.
  void add(const std::string& name, const model::RawTensor& stored);
  const ar_tensor* data() const { return views_.data(); }
  std::size_t size() const { return views_.size(); }

 private:
  struct Item {
    std::string name;
    std::vector<int64_t> shape;
    std::vector<int64_t> strides;
    std::vector<std::byte> copy;
  };
  std::deque<Item> items_;  // addresses stay put
  std::vector<ar_tensor> views_;
};

}  // namespace ar::engine
