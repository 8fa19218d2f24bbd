// Speed of the quantizer's kernels on one thread, vectorised and scalar. bytes_per_second counts what each pass must
// read and write of a layer that does not fit the caches; the tuner's tiles are a row block of it at a time.
#include <cstdint>
#include <random>
#include <vector>

#include <benchmark/benchmark.h>

#include "core/quant/int_reference.hpp"
#include "core/quant/int_tuning.hpp"
#include "core/quant/scale_search.hpp"
#include "core/quant/search_math.hpp"
#include "core/tensor/elementwise.hpp"

namespace ar::quant {
namespace {

using tensor::Bf16;
using tensor::Real;

constexpr int64_t kRows = 1536, kCols = 2048;
constexpr int64_t kTile = 64;  // rows of a dW tile
constexpr int64_t kElements = kRows * kCols;

struct Layer {
  IntGrid grid;
  std::vector<Bf16> weight;
  std::vector<float> value, min_scale, max_scale, range_min, range_max, wq, dwq;
  std::vector<float> d_value, d_min, d_max, scale;
  std::vector<uint8_t> codes;

  explicit Layer(int64_t group) : grid(make_grid(scheme(group), kRows, kCols)) {
    std::mt19937 random(1);
    std::normal_distribution<float> normal(0.0f, 0.05f);
    for (int64_t i = 0; i < kElements; ++i) weight.push_back(tensor::to_bf16(normal(random)));
    dwq.resize(kTile * kCols);
    for (float& x : dwq) x = normal(random);
    const auto n_groups = static_cast<size_t>(kRows * grid.groups());
    value.resize(kElements);
    d_value.resize(kElements);
    wq.resize(kElements);
    codes.resize(kElements);
    for (auto* plane : {&min_scale, &max_scale}) plane->assign(n_groups, 1.0f);
    for (auto* plane : {&range_min, &range_max, &d_min, &d_max, &scale}) plane->resize(n_groups);
    group_ranges(grid, weight.data(), {0, kRows}, range_min.data(), range_max.data());
  }
  static Scheme scheme(int64_t group) {
    Scheme s;
    s.group_size = group;
    return s;
  }
  IntTuning view() {
    IntTuning t{grid, weight.data()};
    t.range_min = range_min.data();
    t.range_max = range_max.data();
    t.value = value.data();
    t.min_scale = min_scale.data();
    t.max_scale = max_scale.data();
    return t;
  }
};

template <typename Body>
void over_tiles(benchmark::State& state, int64_t bytes_per_element, Body body) {
  Layer layer(state.range(0));
  for (auto _ : state)
    for (int64_t row = 0; row < kRows; row += kTile) body(layer, RowRange{row, row + kTile});
  state.SetBytesProcessed(state.iterations() * kElements * bytes_per_element);
  state.SetItemsProcessed(state.iterations() * kElements);
}

constexpr SignStep kStep{1e-4f, 1e-4f};

// W 2 + V 4 + Wq 4
void forward(benchmark::State& s) {
  over_tiles(s, 10, [](Layer& l, RowRange r) { fake_quant(l.view(), r, l.wq.data() + r.begin * kCols); });
}
void forward_scalar(benchmark::State& s) {
  over_tiles(s, 10, [](Layer& l, RowRange r) { reference::fake_quant(l.view(), r, l.wq.data() + r.begin * kCols); });
}
// W 2 + V 4 + V 4 (dW stays in cache)
void step(benchmark::State& s) {
  over_tiles(s, 10, [](Layer& l, RowRange r) { sign_step(l.view(), r, l.dwq.data(), kStep, {nullptr, Real::kF32}); });
}
void step_scalar(benchmark::State& s) {
  over_tiles(s, 10, [](Layer& l, RowRange r) {
    reference::sign_step(l.view(), r, l.dwq.data(), kStep, {nullptr, Real::kF32});
  });
}
// step, and Wq 4
void step_and_forward(benchmark::State& s) {
  over_tiles(s, 14,
             [](Layer& l, RowRange r) { sign_step(l.view(), r, l.dwq.data(), kStep, l.wq.data() + r.begin * kCols); });
}
void step_and_forward_scalar(benchmark::State& s) {
  over_tiles(s, 14, [](Layer& l, RowRange r) {
    reference::sign_step(l.view(), r, l.dwq.data(), kStep, l.wq.data() + r.begin * kCols);
  });
}
// W 2 + V 4 + dV 8
void gradients(benchmark::State& s) {
  over_tiles(s, 14, [](Layer& l, RowRange r) {
    accumulate_gradients(l.view(), r, l.dwq.data(), false, {l.d_value.data(), l.d_min.data(), l.d_max.data()});
  });
}
void gradients_scalar(benchmark::State& s) {
  over_tiles(s, 14, [](Layer& l, RowRange r) {
    reference::accumulate_gradients(l.view(), r, l.dwq.data(), false,
                                    {l.d_value.data(), l.d_min.data(), l.d_max.data()});
  });
}
// W 2 + V 4 + codes 1
void snapshot(benchmark::State& s) {
  over_tiles(s, 7, [](Layer& l, RowRange r) { finish(l.view(), r, {l.codes.data(), l.scale.data(), nullptr}); });
}
void snapshot_scalar(benchmark::State& s) {
  over_tiles(s, 7, [](Layer& l, RowRange r) {
    reference::finish(l.view(), r, {l.codes.data(), l.scale.data(), nullptr});
  });
}

/// 201 candidates; arithmetic only, so the figure that counts is items per second.
template <typename Search>
void search(benchmark::State& state, Search run) {
  Layer layer(state.range(0));
  const auto divisors = search_divisors(4, 0.75);
  std::vector<float> scratch(static_cast<size_t>(2 * padded_group(layer.grid)));
  for (auto _ : state)
    run(layer.grid, layer.weight.data(), RowRange{0, 16}, divisors, Importance(), scratch.data(), layer.scale.data());
  state.SetItemsProcessed(state.iterations() * 16 * kCols);
}
void scale_search(benchmark::State& s) { search(s, quant::search_scales); }
void scale_search_scalar(benchmark::State& s) { search(s, reference::search_scales); }

// pred 4 + target 2 + gradient 4
template <typename Loss>
void loss(benchmark::State& state, Loss run) {
  std::vector<float> pred(kElements, 0.5f), grad(kElements);
  std::vector<Bf16> target(kElements);
  for (auto _ : state)
    benchmark::DoNotOptimize(run({pred.data(), target.data(), kRows, kCols}, 0.1f, tensor::Reals(grad.data())));
  state.SetBytesProcessed(state.iterations() * kElements * 10);
}
void squared_error(benchmark::State& s) { loss(s, tensor::squared_error); }
void squared_error_scalar(benchmark::State& s) { loss(s, tensor::reference::squared_error); }

// 4 + 4
template <typename Round>
void narrow(benchmark::State& state, Round run) {
  std::vector<float> x(kElements, 0.5f);
  for (auto _ : state) run(x.data(), kElements);
  state.SetBytesProcessed(state.iterations() * kElements * 8);
}
void round_to_bf16(benchmark::State& s) { narrow(s, tensor::round_all_to_bf16); }
void round_to_bf16_scalar(benchmark::State& s) { narrow(s, tensor::reference::round_all_to_bf16); }

#define AR_BENCH_GROUPS(name)         \
  BENCHMARK(name)->Arg(128)->Arg(32); \
  BENCHMARK(name##_scalar)->Arg(128)
AR_BENCH_GROUPS(forward);
AR_BENCH_GROUPS(step);
AR_BENCH_GROUPS(step_and_forward);
AR_BENCH_GROUPS(gradients);
AR_BENCH_GROUPS(snapshot);
AR_BENCH_GROUPS(scale_search);
BENCHMARK(squared_error);
BENCHMARK(squared_error_scalar);
BENCHMARK(round_to_bf16);
BENCHMARK(round_to_bf16_scalar);

}  // namespace
}  // namespace ar::quant
