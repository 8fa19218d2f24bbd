#pragma once

#include <cstdint>
#include <vector>

#include <ATen/core/Tensor.h>

#include "core/tune/stage.hpp"

namespace ar::tune {

/// What entered one linear layer.
struct InputStatistics {
  float max = 0.0F;     // largest magnitude
  at::Tensor squares;   // [in] float32: sum of x^2 over all tokens; undefined unless asked for
  int64_t rows = 0;     // tokens seen

  void merge(const InputStatistics& other);
};

/// What to look at; layers asked for nothing are not touched.
struct Recording {
  bool max = false;
  bool squares = false;
  at::ScalarType dtype = at::kFloat;  // inputs are rounded to it first: the loader's activations are no finer
  bool any() const { return max || squares; }
};

/// Runs a stage through another runner and records what enters its linear layers. One serves one thread at a time;
/// merge the results in a fixed order for equal bytes.
class RecordingRunner : public Runner {
 public:
  RecordingRunner(Runner& inner, const std::vector<Recording>& wanted);
  at::Tensor linear(int64_t id, const at::Tensor& x) override;
  at::Tensor grouped_linear(const std::vector<int64_t>& ids, const at::Tensor& x_sorted,
                            const std::vector<int64_t>& offsets) override;
  at::Tensor parameter(int64_t id) override { return inner_.parameter(id); }
  at::ScalarType compute() const override { return inner_.compute(); }

  const std::vector<InputStatistics>& statistics() const { return statistics_; }

 private:
  void record(int64_t id, const at::Tensor& x);

  Runner& inner_;
  const std::vector<Recording>& wanted_;
  std::vector<InputStatistics> statistics_;
};

}  // namespace ar::tune
