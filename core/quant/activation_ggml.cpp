#include "core/quant/activation_ggml.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>

#include "core/tensor/real.hpp"

namespace ar::quant {
namespace {

constexpr float kTop = 127.0F;

struct Name {
  const char* data_type;
  int bits;
  GgmlType type;
};
constexpr std::array<Name, 5> kNames{{{"q8_0", 8, GgmlType::kQ8_0},
                                      {"q8_1", 8, GgmlType::kQ8_1},
                                      {"q8_k", 8, GgmlType::kQ8_K},
                                      {"float16", 16, GgmlType::kFloat16},
                                      {"bfloat16", 16, GgmlType::kBfloat16}}};

struct BlockScale {
  float inverse;  // codes are x * inverse
  float scale;    // and stand for code * scale
};

float largest(const float* x, int64_t n) {
  float amax = 0.0F;
  for (int64_t i = 0; i < n; ++i) amax = std::max(amax, std::fabs(x[i]));
  return amax;
}

BlockScale block_scale(float amax, GgmlType type) {
  if (amax == 0.0F) return {0.0F, 0.0F};
  const float inverse = kTop / amax;
  return {inverse, type == GgmlType::kQ8_K ? 1.0F / inverse : tensor::round_to_f16(amax / kTop)};
}

float own_sum_error(const float* x, int64_t n) {
  const float amax = largest(x, n);
  const BlockScale block = block_scale(amax, GgmlType::kQ8_1);
  if (block.scale == 0.0F) return 0.0F;
  float codes = 0.0F;  // exact
  for (int64_t i = 0; i < n; ++i) codes += std::nearbyint(x[i] * block.inverse);
  return tensor::round_to_f16(amax / kTop * codes) - block.scale * codes;
}

}  // namespace

std::optional<GgmlType> ggml_type(const Scheme& scheme) {
  for (const Name& name : kNames) {
    if (scheme.act_data_type == name.data_type && scheme.act_bits == name.bits) return name.type;
  }
  return std::nullopt;
}

void round_ggml_block(const float* x, int64_t n, GgmlType type, float* y) {
  const BlockScale block = block_scale(largest(x, n), type);
  if (block.scale == 0.0F) {  // the inverse may be infinite then
    std::fill_n(y, n, 0.0F);
    return;
  }
  for (int64_t i = 0; i < n; ++i) y[i] = std::nearbyint(x[i] * block.inverse) * block.scale;
}

at::Tensor round_as_ggml(const at::Tensor& x, const Scheme& scheme, GgmlType type) {
  if (type == GgmlType::kFloat16) return x.to(at::kHalf).to(x.scalar_type());
  if (type == GgmlType::kBfloat16) return x.to(at::kBFloat16).to(x.scalar_type());
  const at::Tensor from = x.to(at::kFloat).contiguous();
  at::Tensor to = at::empty_like(from);
  const int64_t in = x.size(-1);
  for (int64_t row = 0; row < x.numel(); row += in) {
    for (int64_t column = 0; column < in; column += scheme.act_group_size) {
      round_ggml_block(from.const_data_ptr<float>() + row + column, std::min(scheme.act_group_size, in - column), type,
                       to.mutable_data_ptr<float>() + row + column);
    }
  }
  return to.to(x.scalar_type());
}

bool has_own_sums(const Scheme& scheme) { return ggml_type(scheme) == GgmlType::kQ8_1; }

at::Tensor own_sum_errors(const at::Tensor& x, const Scheme& scheme) {
  const at::Tensor from = x.to(at::kFloat).contiguous();
  const int64_t in = x.size(-1), group = scheme.act_group_size, blocks = (in + group - 1) / group;
  std::vector<int64_t> shape = x.sizes().vec();
  shape.back() = blocks;
  at::Tensor errors = at::empty(shape, at::kFloat);
  auto* to = errors.mutable_data_ptr<float>();
  for (int64_t i = 0; i < errors.numel(); ++i) {
    const int64_t column = i % blocks * group;
    to[i] = own_sum_error(from.const_data_ptr<float>() + i / blocks * in + column, std::min(group, in - column));
  }
  return errors;
}

}  // namespace ar::quant
