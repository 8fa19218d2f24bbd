// Operations of a block at SmolLM2's sizes, forward and backward, as LibTorch composes them and as one kernel each.
#include <benchmark/benchmark.h>

#include <functional>
#include <vector>

#include <ATen/Parallel.h>

#include "plugins/models/common/attention_op.hpp"
#include "plugins/models/common/ops.hpp"
#include "tests/unit/models/random.hpp"

namespace ar::models {
namespace {

constexpr int64_t kTokens = 256, kHidden = 576, kMlp = 1536, kHeads = 9, kKvHeads = 3, kHeadDim = 64;

using Op = std::function<at::Tensor(const std::vector<at::Tensor>&)>;

void run(benchmark::State& state, const Op& op, const std::vector<std::vector<int64_t>>& shapes) {
  at::set_num_threads(1);
  std::vector<at::Tensor> leaves;
  for (const auto& shape : shapes) {
    leaves.push_back(test::random_tensor(shape, static_cast<uint32_t>(leaves.size() + 1)).set_requires_grad(true));
  }
  const at::Tensor dy = test::random_tensor(op(leaves).sizes().vec(), 9);
  for (auto _ : state) {
    op(leaves).backward(dy);
    for (at::Tensor& leaf : leaves) leaf.mutable_grad().reset();
  }
}

void norm(benchmark::State& state, const Op& op) { run(state, op, {{1, kTokens, kHidden}, {kHidden}}); }
void mlp(benchmark::State& state, const Op& op) { run(state, op, {{1, kTokens, kMlp}, {1, kTokens, kMlp}}); }
void heads(benchmark::State& state, const Op& op) { run(state, op, {{1, kTokens, kHeads, kHeadDim}}); }
void attend(benchmark::State& state, const Op& op) {
  run(state, op, {{1, kTokens, kHeads, kHeadDim}, {1, kTokens, kKvHeads, kHeadDim}, {1, kTokens, kKvHeads, kHeadDim}});
}

const RopeTables& tables() {
  static const RopeTables t = [] {
    Rope rope;
    rope.width = kHeadDim;
    return rope_tables(rope, kTokens);
  }();
  return t;
}

BENCHMARK_CAPTURE(norm, composed, [](const auto& a) { return composed::rms_norm(a[0], a[1], 1e-5); });
BENCHMARK_CAPTURE(norm, fused, [](const auto& a) { return rms_norm(a[0], a[1], 1e-5); });
BENCHMARK_CAPTURE(heads, composed, [](const auto& a) { return composed::rotate_half(a[0], tables()); });
BENCHMARK_CAPTURE(heads, fused, [](const auto& a) { return rotate_half(a[0], tables()); });
BENCHMARK_CAPTURE(mlp, composed, [](const auto& a) { return composed::silu_mul(a[0], a[1]); });
BENCHMARK_CAPTURE(mlp, fused, [](const auto& a) { return silu_mul(a[0], a[1]); });
BENCHMARK_CAPTURE(attend, composed, [](const auto& a) { return composed::attention(a[0], a[1], a[2], {}); });
BENCHMARK_CAPTURE(attend, fused, [](const auto& a) { return causal_attention(a[0], a[1], a[2]); });

}  // namespace
}  // namespace ar::models
