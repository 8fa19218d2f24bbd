#include "core/quant/signed_zeros.hpp"

#include <cstdint>

#include "core/tensor/parallel.hpp"

namespace ar::quant {
namespace {

template <typename Bits>
void sign_zeros(const void* source, void* weight, int64_t n, bool of_zeros) {
  constexpr auto kSign = static_cast<Bits>(Bits{1} << (8 * sizeof(Bits) - 1));
  const auto* from = static_cast<const Bits*>(source);
  auto* to = static_cast<Bits*>(weight);
  tensor::parallel_chunks(n, int64_t{1} << 18, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const Bits magnitude = to[i] & static_cast<Bits>(~kSign);
      const bool takes = magnitude == 0 && (of_zeros || (from[i] & static_cast<Bits>(~kSign)) != 0);
      to[i] = takes ? static_cast<Bits>(from[i] & kSign) : to[i];
    }
  });
}

}  // namespace

void sign_zeros(const at::Tensor& source, const at::Tensor& weight, bool of_zeros) {
  if (source.scalar_type() != weight.scalar_type() || !source.is_contiguous() || !weight.is_contiguous()) return;
  const void* from = source.const_data_ptr();
  void* to = weight.mutable_data_ptr();
  if (weight.scalar_type() == at::kBFloat16) sign_zeros<uint16_t>(from, to, weight.numel(), of_zeros);
  if (weight.scalar_type() == at::kFloat) sign_zeros<uint32_t>(from, to, weight.numel(), of_zeros);
}

}  // namespace ar::quant
