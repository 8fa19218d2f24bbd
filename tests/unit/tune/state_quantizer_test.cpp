#include "core/tune/state_quantizer.hpp"

#include <gtest/gtest.h>

#include <ATen/TensorOperators.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/tensor.h>

#include "core/tensor/parallel.hpp"

namespace ar::tune {
namespace {

using quant::Granularity;

constexpr int64_t kHeads = 4, kKvHeads = 2;

quant::StaticStates keys_and_values(Granularity granularity = Granularity::kTensor) { return {"fp8", "", granularity}; }

StateQuantizer quantizer(quant::StaticStates wanted, at::ScalarType dtype = at::kFloat) {
  return {std::move(wanted),
          {{"layers.0.attn", "Attn", kHeads, kKvHeads}, {"layers.1.attn", "Attn", kHeads, kKvHeads}},
          dtype};
}

/// Queries of size `q`; keys of size `k` in the first head, half of it in the second; values of size `v`.
AttentionStates states(float q, float k, float v) {
  AttentionStates s{at::full({1, 3, kHeads, 8}, q), at::full({1, 3, kKvHeads, 8}, k), at::full({1, 3, kKvHeads, 8}, v)};
  s.key.select(2, 1).mul_(0.5);
  return s;
}

std::string text(const std::vector<std::pair<std::string, at::Tensor>>& scales) {
  std::string all;
  for (const auto& [name, scale] : scales) {
    all += name + " ";
    for (int64_t i = 0; i < scale.numel(); ++i)
      all += std::to_string(static_cast<int>(scale[i].item<float>() * 448)) + " ";
  }
  return all;
}

TEST(StateQuantizer, KeepsTheLargestOfAllCallsWhateverTheirOrder) {
  for (const bool large_first : {true, false}) {
    StateQuantizer q = quantizer(keys_and_values());
    for (const float size : {large_first ? 80.0f : 8.0f, large_first ? 8.0f : 80.0f})
      q.pass(0, states(1, size, 2 * size));
    EXPECT_EQ(text(q.scales()), "layers.0.attn.k_scale 80 layers.0.attn.v_scale 160 ");
  }
}

TEST(StateQuantizer, HasOneScaleAHeadWhenAskedTo) {
  StateQuantizer q = quantizer(keys_and_values(Granularity::kHead));
  q.pass(1, states(1, 80, 40));
  EXPECT_EQ(text(q.scales()), "layers.1.attn.k_scale 80 40 layers.1.attn.v_scale 40 40 ");
}

TEST(StateQuantizer, LooksAtQueriesAndLeavesThemAlone) {
  StateQuantizer q = quantizer({"", "fp8", Granularity::kHead});
  const AttentionStates in = states(33.3f, 80, 40);
  EXPECT_TRUE(q.pass(0, in).query.is_same(in.query));
  EXPECT_EQ(text(q.scales()),
            "layers.0.attn.k_scale 80 40 layers.0.attn.v_scale 40 40 layers.0.attn.q_scale 33 33 33 33 ");
}

TEST(StateQuantizer, GivesWhatACacheWouldReturn) {
  StateQuantizer q = quantizer(keys_and_values());
  AttentionStates in = states(1, 448, 448);
  in.key.select(1, 0).fill_(300);    // between 288 and 320
  in.value.select(1, 0).fill_(100);  // between 96 and 104
  const AttentionStates out = q.pass(0, in);
  EXPECT_EQ(out.key.select(1, 0).max().item<float>(), 288);
  EXPECT_EQ(out.value.select(1, 0).max().item<float>(), 96);
  EXPECT_EQ(out.key.select(1, 1).max().item<float>(), 448);
}

TEST(StateQuantizer, CountsStatesInTheTypeOfTheLoader) {
  StateQuantizer q = quantizer(keys_and_values(), at::kBFloat16);
  q.pass(0, states(1, 257.0f, 259.5f));  // bfloat16 has 256, 258, 260
  EXPECT_EQ(text(q.scales()), "layers.0.attn.k_scale 256 layers.0.attn.v_scale 260 ");
}

TEST(StateQuantizer, StartsKeysAndValuesOver) {
  StateQuantizer q = quantizer({"", "fp8", Granularity::kTensor});
  q.pass(0, states(50, 80, 80));
  q.restart_cache();
  EXPECT_EQ(text(q.scales()), "layers.0.attn.q_scale 50 ");
  q.pass(0, states(5, 8, 8));
  EXPECT_EQ(text(q.scales()), "layers.0.attn.k_scale 8 layers.0.attn.v_scale 8 layers.0.attn.q_scale 50 ");
}

TEST(StateQuantizer, MayBeAskedFromSeveralThreads) {
  StateQuantizer q = quantizer(keys_and_values());
  tensor::parallel_for(64, [&](int64_t i) { q.pass(i % 2, states(1, static_cast<float>(i + 1), 1)); });
  EXPECT_EQ(text(q.scales()),
            "layers.0.attn.k_scale 63 layers.0.attn.v_scale 1 layers.1.attn.k_scale 64 layers.1.attn.v_scale 1 ");
}

}  // namespace
}  // namespace ar::tune
