#pragma once

#include <deque>
#include <string>
#include <vector>

#include "tests/unit/formats/format_fixture.hpp"

namespace ar::test {

constexpr const char* kLayer = "model.layers.0.mlp.up_proj";

/// The stored tensors of one layer, to be changed before they are read.
class StoredLayer {
 public:
  template <typename T>
  StoredLayer& set(const std::string& name, ar_dtype dtype, std::vector<int64_t> shape, const std::vector<T>& values) {
    drop(name);
    tensors_.emplace_back(kLayer + ("." + name), dtype, std::move(shape), values);
    return *this;
  }
  StoredLayer& set(OwnedTensor tensor) {
    tensors_.push_back(std::move(tensor));
    return *this;
  }
  StoredLayer& drop(const std::string& name) {
    for (auto it = tensors_.begin(); it != tensors_.end();) {
      it = it->name() == kLayer + ("." + name) ? tensors_.erase(it) : it + 1;
    }
    return *this;
  }

  /// The text of the refusal, "" when the layer was read.
  std::string read(const std::string& plugin, const std::string& config, MemoryTarget& planes, int64_t in = 0) const {
    std::vector<ar_tensor> raw;
    for (const auto& t : tensors_) raw.push_back(t.raw());
    ar_layer layer{};
    layer.struct_size = sizeof layer;
    layer.name = kLayer;
    layer.in_features = in;
    ar_error err{};
    const ar_status status =
        format_api(plugin).read_layer(config.c_str(), &layer, raw.data(), raw.size(), planes.sink(), &err);
    return status == AR_OK ? "" : err.text;
  }
  std::string refusal(const std::string& plugin, const std::string& config) const {
    MemoryTarget planes;
    return read(plugin, config, planes);
  }

 private:
  std::deque<OwnedTensor> tensors_;
};

}  // namespace ar::test
