#include "core/calib/sampler.hpp"

#include <numeric>

#include "core/base/error.hpp"

namespace ar::calib {

IndexSampler::IndexSampler(std::size_t count, std::size_t batch, base::PythonRandom& random)
    : order_(count), batch_(batch), random_(&random) {
  if (batch == 0 || batch > count) base::fail("a step of {} samples cannot be drawn from {}", batch, count);
  std::iota(order_.begin(), order_.end(), std::size_t{0});
  random_->shuffle(order_);
}

std::vector<std::size_t> IndexSampler::next() {
  if (order_.size() - used_ < batch_) {
    random_->shuffle(order_);
    used_ = 0;
  }
  const auto* first = order_.data() + used_;
  used_ += batch_;
  return {first, first + batch_};
}

std::vector<std::uint8_t> kept_positions(const std::vector<std::int32_t>& row, std::optional<std::int32_t> pad_id) {
  std::vector<std::uint8_t> kept(row.size(), 1);
  if (row.empty()) return kept;
  if (pad_id) {
    for (std::size_t i = 0; i < row.size(); ++i) kept[i] = row[i] != *pad_id;
  } else {
    for (std::size_t i = row.size() - 1; i-- > 0 && row[i] == row.back();) kept[i] = 0;
  }
  kept.back() = 0;
  return kept;
}

}  // namespace ar::calib
