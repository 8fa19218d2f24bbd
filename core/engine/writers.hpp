#pragma once

#include <memory>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "core/engine/format_client.hpp"
#include "core/engine/output.hpp"
#include "core/engine/plan.hpp"

namespace ar::engine {

/// The outputs of a run: one tuning, many packings. Nothing has a final name before commit(). [serial]
class Writers {
 public:
  explicit Writers(const Plan& plan);

  /// Packs layers, in parallel and then in their order, into every output.
  void pack(const std::vector<FormatLayer>& layers);
  void add(const std::string& name, const at::Tensor& tensor);
  /// Side files of the source model, then config and index, then final names.
  void commit();
  /// Leaves the partial files of an interrupted run.
  void keep_partial();

 private:
  struct Open {
    std::unique_ptr<Output> output;
    std::unique_ptr<FormatWriter> writer;
  };
  void copy_side_files(Output& output) const;

  const Plan& plan_;
  std::vector<Open> open_;
};

}  // namespace ar::engine
