#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/base/random.hpp"

namespace ar::calib {

/// Hands out the samples of one block's tuning steps. The generator is the run's only one and is
/// passed from block to block, so the order depends on every step taken before.
class IndexSampler {
 public:
  /// Needs 0 < batch <= count; shuffles once.
  IndexSampler(std::size_t count, std::size_t batch, base::PythonRandom& random);

  /// The next `batch` indices. A remainder shorter than that is discarded and all are shuffled again.
  std::vector<std::size_t> next();

 private:
  std::vector<std::size_t> order_;
  std::size_t batch_;
  std::size_t used_ = 0;
  base::PythonRandom* random_;
};

/// 1 for each position that counts in the loss. Not counted: padding (without a pad id, the trailing
/// run of one repeated token) and always the last position.
std::vector<std::uint8_t> kept_positions(const std::vector<std::int32_t>& row, std::optional<std::int32_t> pad_id);

}  // namespace ar::calib
