#pragma once

#include <ATen/core/Tensor.h>

namespace ar::tensor {

/// Rows of a product are cut into tiles of this many, whatever the thread count: the cut is part of the arithmetic.
constexpr int64_t kRowTile = 256;

/// x [n, k] times w [m, k] transposed -> [n, m] in x's dtype. Both in one dtype, w's rows contiguous.
at::Tensor matmul_nt(const at::Tensor& x, const at::Tensor& w);
/// x [n, k] times w [k, m] -> [n, m].
at::Tensor matmul_nn(const at::Tensor& x, const at::Tensor& w);

/// y = x W^T + bias for x [..., in]; bias may be undefined.
at::Tensor linear(const at::Tensor& x, const at::Tensor& w, const at::Tensor& bias);

/// The dtype in which this CPU multiplies matrices fastest with float32 accumulation: bfloat16 where it has bf16 dot
/// products (AVX512_BF16, AMX), else float32. Decided by instruction set, so equal machines write equal bytes.
at::ScalarType fast_matmul_dtype();

}  // namespace ar::tensor
