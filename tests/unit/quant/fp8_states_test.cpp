#include "core/quant/fp8_states.hpp"

#include <gtest/gtest.h>

#include <ATen/TensorOperators.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

namespace ar::quant {
namespace {

/// [1, 2 tokens, 2 heads, 2]: magnitudes up to 896 in the first head, up to 7 in the second.
at::Tensor two_heads() { return at::tensor({1.0f, -896.0f, 7.0f, 3.0f, 500.0f, 2.0f, -6.5f, 0.3f}).view({1, 2, 2, 2}); }

TEST(Fp8States, LargestMagnitudeOfALayerOrOfEachHead) {
  EXPECT_TRUE(at::equal(state_max(two_heads(), Granularity::kTensor), at::tensor({896.0f})));
  EXPECT_TRUE(at::equal(state_max(two_heads(), Granularity::kHead), at::tensor({896.0f, 7.0f})));
}

TEST(Fp8States, TheLargestMagnitudeIsTheLargestCode) {
  EXPECT_TRUE(at::equal(state_scale(at::tensor({896.0f, 448.0f})), at::tensor({2.0f, 1.0f})));
  EXPECT_TRUE(at::equal(max_of_scale(at::tensor({2.0f})), at::tensor({896.0f})));
}

TEST(Fp8States, AScaleIsNeverZero) {
  EXPECT_FLOAT_EQ(state_scale(at::zeros({1})).item<float>(), 1.0f / (448.0f * 512.0f));
}

// e4m3 has three bits behind the point: steps of 16 from 128 to 256, of 0.5 from 4 to 8, of 1/64 from 1/8 to 1/4.
TEST(Fp8States, RoundsToTheGridOfTheScale) {
  const at::Tensor layer = quantize_states(two_heads(), at::tensor({896.0f}));  // scale 2
  const at::Tensor twos = at::tensor({1.0f, -896.0f, 7.0f, 3.0f, 512.0f, 2.0f, -6.5f, 0.3125f}).view({1, 2, 2, 2});
  EXPECT_TRUE(at::equal(layer, twos)) << layer;
  const at::Tensor heads = quantize_states(two_heads(), at::tensor({896.0f, 672.0f}));  // 2 and 1.5
  const at::Tensor mixed =
      at::tensor({1.0f, -896.0f, 6.75f, 3.0f, 512.0f, 2.0f, -6.75f, 0.3046875f}).view({1, 2, 2, 2});
  EXPECT_TRUE(at::equal(heads, mixed)) << heads;
}

TEST(Fp8States, WhatIsAboveTheRangeSaturates) {
  const at::Tensor clipped = quantize_states(two_heads(), at::tensor({448.0f}));
  EXPECT_EQ(clipped.min().item<float>(), -448.0f);
  EXPECT_EQ(clipped.max().item<float>(), 448.0f);
}

// Rounding counts as no change; a larger range moves every code away from its number by (quantized - x) / max.
TEST(Fp8States, TheGradientGoesStraightThroughAndThroughTheRange) {
  const at::Tensor weight = at::tensor({1.0f, 2.0f, 3.0f, 4.0f, 5.0f, 6.0f, 7.0f, 8.0f}).view({1, 2, 2, 2});
  for (const Granularity granularity : {Granularity::kTensor, Granularity::kHead}) {
    const at::Tensor x = two_heads().set_requires_grad(true);
    const at::Tensor max = state_max(x, granularity);
    const at::Tensor quantized = quantize_states_with_gradient(x, max);
    (quantized * weight).sum().backward();
    const at::Tensor error = (quantized.detach() - x.detach()) * weight;
    at::Tensor expected = weight.clone();
    if (granularity == Granularity::kTensor) {
      expected[0][0][0][1] += error.sum() / -896.0;
    } else {
      expected[0][0][0][1] += error.select(2, 0).sum() / -896.0;
      expected[0][0][1][0] += error.select(2, 1).sum() / 7.0;
    }
    EXPECT_TRUE(at::allclose(x.grad(), expected)) << granularity_name(granularity) << x.grad() << expected;
    EXPECT_FALSE(at::equal(x.grad(), weight)) << granularity_name(granularity);
  }
}

}  // namespace
}  // namespace ar::quant
