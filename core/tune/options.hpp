#pragma once

#include <cstdint>
#include <optional>

namespace ar::tune {

enum class Optimizer { kSignSgd, kAdamW };

/// How one stage (a block, several blocks, a layer outside blocks) is tuned; names as on the command line.
struct TuneOptions {
  int64_t iters = 200;
  std::optional<double> lr;         // unset: 1 / iters
  std::optional<double> minmax_lr;  // unset: lr
  int64_t batch_size = 8;
  int64_t gradient_accumulate_steps = 1;
  double momentum = 0.0;
  bool minmax_tuning = true;
  bool norm_bias_tuning = false;
  bool keep_best = true;             // false: --not_use_best_mse
  int64_t dynamic_max_gap = -1;      // stop after so many iterations without a better iterate; <= 0: never
  Optimizer optimizer = Optimizer::kSignSgd;
};

}  // namespace ar::tune
