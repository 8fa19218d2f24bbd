#pragma once

#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "core/quant/int_grid.hpp"
#include "core/tensor/real.hpp"
#include "tests/tools/safetensors.hpp"

namespace ar::quant::test {

/// What upstream or llama.cpp computed for small matrices (tests/golden/quant), by case and tensor name.
class Vectors {
 public:
  /// Integer types (make_vectors.py).
  static const Vectors& all() {
    static const Vectors vectors("vectors.safetensors");
    return vectors;
  }
  /// Floating point types and activations (make_float_vectors.py).
  static const Vectors& floating() {
    static const Vectors vectors("float_vectors.safetensors");
    return vectors;
  }

  /// Activations in types of ggml (make_ggml_vectors.py).
  static const Vectors& ggml() {
    static const Vectors vectors("ggml_vectors.safetensors");
    return vectors;
  }

  /// Cases whose name begins so.
  static std::vector<std::string> cases(const std::string& prefix) { return all().names(prefix); }
  std::vector<std::string> names(const std::string& prefix) const {
    std::vector<std::string> names;
    for (const auto& [key, tensor] : tensors_) {
      const std::string name = key.substr(0, key.find('/'));
      if (name.rfind(prefix, 0) == 0 && (names.empty() || names.back() != name)) names.push_back(name);
    }
    return names;
  }

  bool has(const std::string& name) const { return tensors_.count(name) != 0; }
  const std::vector<int64_t>& shape(const std::string& name) const { return tensors_.at(name).shape; }
  tensor::Real type(const std::string& name) const {
    return tensors_.at(name).dtype == "BF16" ? tensor::Real::kBf16 : tensor::Real::kF32;
  }
  template <typename T>
  std::vector<T> raw(const std::string& name) const {
    const std::string& bytes = tensors_.at(name).bytes;
    std::vector<T> data(bytes.size() / sizeof(T));
    std::memcpy(data.data(), bytes.data(), bytes.size());
    return data;
  }
  std::vector<float> floats(const std::string& name) const {
    if (type(name) == tensor::Real::kF32) return raw<float>(name);
    std::vector<float> data;
    for (tensor::Bf16 x : raw<tensor::Bf16>(name)) data.push_back(tensor::to_f32(x));
    return data;
  }

 private:
  explicit Vectors(const char* file)
      : tensors_(ar::test::read_safetensors(std::string(AR_SOURCE_DIR) + "/tests/golden/quant/" + file)) {}
  std::map<std::string, ar::test::StoredTensor> tensors_;
};

struct CaseMeta {
  Scheme scheme;
  ScaleType scale_type;
};
inline CaseMeta meta_of(const std::string& name) {
  const auto meta = Vectors::all().raw<int64_t>(name + "/meta");
  Scheme scheme;
  scheme.bits = static_cast<int>(meta[0]);
  scheme.sym = meta[1] != 0;
  scheme.group_size = meta[2];
  return {scheme, static_cast<ScaleType>(meta[3])};
}

inline std::string test_name(std::string name) {
  for (char& c : name)
    if (c == '-') c = '_';
  return name;
}

}  // namespace ar::quant::test
