#pragma once

#include <cstdint>

#include "core/tensor/real.hpp"

/// Vector kernels over plain rows. Results do not depend on the machine or on the number of threads.
namespace ar::tensor {

/// Each of n numbers becomes its nearest bfloat16, ties to even; a NaN stays one. In parallel.
void round_all_to_bf16(float* x, int64_t n);

/// Tokens by features: what a block put out, and what it should have.
struct LossInput {
  ConstReals pred;
  ConstReals target;
  int64_t rows;
  int64_t cols;
  const uint8_t* keep = nullptr;  // [rows], 0 leaves a token out of the sum; null keeps all
};

/// Sum of (pred - target)^2 over the kept rows; rows are summed in float32, the total in double. When grad is not null,
/// it receives factor * (pred - target) in pred's type, and 0 in the rows left out. In parallel over rows.
double squared_error(const LossInput& input, float factor, Reals grad);

/// Index of the first NaN or infinity, -1 when there is none. The second form takes 16-bit floats whose exponent bits
/// are `exponent` (0x7f80 bfloat16, 0x7c00 float16).
int64_t first_nonfinite(const float* x, int64_t n);
int64_t first_nonfinite(const void* x, int64_t n, uint16_t exponent);

/// Plain loops with the same results; the specification.
namespace reference {
void round_all_to_bf16(float* x, int64_t n);
double squared_error(const LossInput& input, float factor, Reals grad);
}  // namespace reference

}  // namespace ar::tensor
