#include "core/tune/recording_runner.hpp"

#include <algorithm>

#include <ATen/ops/abs.h>
#include <ATen/ops/add.h>
#include <ATen/ops/max.h>
#include <ATen/ops/square.h>
#include <ATen/ops/sum.h>

namespace ar::tune {

void InputStatistics::merge(const InputStatistics& other) {
  max = std::max(max, other.max);
  rows += other.rows;
  if (!other.squares.defined()) return;
  squares = squares.defined() ? at::add(squares, other.squares) : other.squares;
}

RecordingRunner::RecordingRunner(Runner& inner, const std::vector<Recording>& wanted)
    : inner_(inner), wanted_(wanted), statistics_(wanted.size()) {}

void RecordingRunner::record(int64_t id, const at::Tensor& x) {
  const auto i = static_cast<std::size_t>(id);
  const Recording wanted = wanted_.at(i);
  if (!wanted.any() || x.numel() == 0) return;
  const at::Tensor rows = x.detach().reshape({-1, x.size(-1)}).to(wanted.dtype).to(at::kFloat);
  InputStatistics seen;
  seen.rows = rows.size(0);
  if (wanted.max) seen.max = at::abs(rows).max().item<float>();
  if (wanted.squares) seen.squares = at::sum(at::square(rows), {0});
  statistics_[i].merge(seen);
}

at::Tensor RecordingRunner::linear(int64_t id, const at::Tensor& x) {
  record(id, x);
  return inner_.linear(id, x);
}

at::Tensor RecordingRunner::grouped_linear(const std::vector<int64_t>& ids, const at::Tensor& x_sorted,
                                           const std::vector<int64_t>& offsets) {
  for (std::size_t e = 0; e < ids.size(); ++e) record(ids[e], x_sorted.narrow(0, offsets[e], offsets[e + 1] - offsets[e]));
  return inner_.grouped_linear(ids, x_sorted, offsets);
}

}  // namespace ar::tune
