#include "core/tensor/matmul.hpp"

#include <algorithm>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/mm.h>

#include "core/tensor/parallel.hpp"

namespace ar::tensor {
namespace {

at::Tensor matmul(const at::Tensor& x, const at::Tensor& w_kn, int64_t m) {
  const int64_t n = x.size(0);
  at::Tensor y = at::empty({n, m}, x.options());
  parallel_chunks(n, kRowTile, [&](int64_t begin, int64_t end) {
    at::NoGradGuard no_grad;  // thread-local, so once a task
    at::Tensor tile = y.narrow(0, begin, end - begin);
    at::mm_out(tile, x.narrow(0, begin, end - begin), w_kn);
  });
  return y;
}

}  // namespace

at::Tensor matmul_nt(const at::Tensor& x, const at::Tensor& w) { return matmul(x, w.t(), w.size(0)); }
at::Tensor matmul_nn(const at::Tensor& x, const at::Tensor& w) { return matmul(x, w, w.size(1)); }

at::Tensor linear(const at::Tensor& x, const at::Tensor& w, const at::Tensor& bias) {
  auto sizes = x.sizes().vec();
  at::Tensor y = matmul_nt(x.reshape({-1, x.size(-1)}), w);
  if (bias.defined()) y.add_(bias);
  sizes.back() = w.size(0);
  return y.view(sizes);
}

at::ScalarType fast_matmul_dtype() {
#if defined(__x86_64__)
  // GCC 12 knows no "amx-bf16" here; every CPU with AMX has AVX512_BF16 as well.
  static const bool bf16 = __builtin_cpu_supports("avx512bf16") != 0;
  return bf16 ? at::kBFloat16 : at::kFloat;
#else
  return at::kFloat;
#endif
}

}  // namespace ar::tensor
