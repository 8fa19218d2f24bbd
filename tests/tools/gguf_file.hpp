#pragma once

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/tools/safetensors.hpp"

namespace ar::test {

/// A tensor of a GGUF file; shape outermost first.
struct GgufTensor {
  uint32_t type;
  std::vector<int64_t> shape;
  std::string bytes;
};

/// Bytes of `elements` elements of a ggml type that goldens contain.
inline uint64_t ggml_bytes(uint32_t type, uint64_t elements) {
  struct Size {
    uint64_t elements, bytes;
  };
  static const std::map<uint32_t, Size> kSizes{{0, {1, 4}},      {1, {1, 2}},      {2, {32, 18}},    {3, {32, 20}},
                                               {6, {32, 22}},    {7, {32, 24}},    {8, {32, 34}},    {10, {256, 84}},
                                               {11, {256, 110}}, {12, {256, 144}}, {13, {256, 176}}, {14, {256, 210}},
                                               {30, {1, 2}}};
  const Size size = kSizes.at(type);
  return elements / size.elements * size.bytes;
}

/// Reads the tensors of a GGUF file and skips its keys. A reader of its own, so that a mistake of the program's cannot
/// hide itself; trusted small files only.
class GgufFile {
 public:
  explicit GgufFile(const std::filesystem::path& path) : file_(read_bytes(path)) {
    if (take(4) != "GGUF" || number<uint32_t>() != 3) throw std::runtime_error(path.string() + ": not GGUF 3");
    const auto n_tensors = number<uint64_t>(), n_keys = number<uint64_t>();
    uint64_t alignment = 32;
    for (uint64_t i = 0; i < n_keys; ++i) {
      const std::string key = text();
      const auto type = number<uint32_t>();
      if (key == "general.alignment")
        alignment = number<uint32_t>();
      else
        skip_value(type);
    }
    std::map<std::string, uint64_t> offsets;
    for (uint64_t i = 0; i < n_tensors; ++i) {
      const std::string name = text();
      GgufTensor tensor;
      tensor.shape.resize(number<uint32_t>());
      for (size_t d = tensor.shape.size(); d-- > 0;) tensor.shape[d] = static_cast<int64_t>(number<uint64_t>());
      tensor.type = number<uint32_t>();
      offsets[name] = number<uint64_t>();
      tensors_.emplace(name, std::move(tensor));
    }
    const uint64_t data = (at_ + alignment - 1) / alignment * alignment;
    for (auto& [name, tensor] : tensors_) {
      uint64_t elements = 1;
      for (int64_t d : tensor.shape) elements *= static_cast<uint64_t>(d);
      tensor.bytes = file_.substr(data + offsets.at(name), ggml_bytes(tensor.type, elements));
    }
  }

  const std::map<std::string, GgufTensor>& tensors() const { return tensors_; }

 private:
  std::string take(uint64_t n) {
    at_ += n;
    return file_.substr(at_ - n, n);
  }
  template <typename T>
  T number() {
    T x;
    std::memcpy(&x, take(sizeof x).data(), sizeof x);
    return x;
  }
  std::string text() { return take(number<uint64_t>()); }
  void skip_value(uint32_t type) {
    static const uint64_t kBytes[] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
    if (type == 8) {
      text();
    } else if (type == 9) {
      const auto element = number<uint32_t>();
      for (auto n = number<uint64_t>(); n > 0; --n) skip_value(element);
    } else {
      at_ += kBytes[type];
    }
  }

  std::string file_;
  uint64_t at_ = 0;
  std::map<std::string, GgufTensor> tensors_;
};

}  // namespace ar::test
