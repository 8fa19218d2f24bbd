#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "ar/torch/model_arch.hpp"
#include "core/engine/options.hpp"
#include "core/engine/side_folder.hpp"
#include "core/model/config.hpp"
#include "core/model/layer_config.hpp"
#include "core/plugin/registry.hpp"
#include "core/quant/scheme.hpp"

namespace ar::engine {

/// How weights become codes.
enum class Method { kTune, kRtn, kOptRtn, kConvert };

class ModelSource;

/// One linear layer of the model and what happens to it.
struct PlannedLayer {
  LinearSpec spec;
  int64_t block = -1;  // -1: outside the blocks
  quant::Scheme scheme;
  std::string scale_dtype = "float16";
  bool quantized = false;
  bool fixed_by_user = false;
  std::string reason;  // why it is left alone
  bool round_only = false;  // outside the blocks, in a type the format chose: rounded from its data, never tuned
};

struct PlannedOutput {
  std::string format;   // as asked for: "auto_round"
  std::string backend;  // what is written: "auto_round:auto_gptq"
  std::filesystem::path folder;
  const plugin::Format* plugin = nullptr;
};

/// Everything decided before a weight is read. Whatever can be refused is refused while it is made.
struct Plan {
  RunOptions options;  // after clamping to the model
  std::shared_ptr<const ModelSource> source;
  std::shared_ptr<const SideFolder> side_folder;  // with the tokenizer and what else is copied
  model::Config config;                           // without the source's quantization_config
  std::shared_ptr<const Model> model;
  const ModelSpec* spec = nullptr;

  quant::Scheme scheme;
  Method method = Method::kTune;
  std::optional<at::ScalarType> model_dtype;    // --model_dtype: every float tensor is rounded to it when it is read
  at::ScalarType weight_dtype = at::kBFloat16;  // weights while they are quantized
  bool cast_unquantized = false;                // other float tensors are written in weight_dtype, else as stored
  at::ScalarType compute = at::kFloat;          // of matrix products

  std::vector<PlannedLayer> layers;         // block by block in registration order, then outside layers
  std::vector<PlannedLayer> embeddings;     // quantized only when the format says so; weights are [vocabulary, width]
  std::vector<std::vector<int64_t>> units;  // blocks tuned together, in order; blocks without a quantized layer included
  std::vector<std::string> block_names;     // prefixes of the quantized block lists
  model::LayerPlan resolved;
  std::vector<PlannedOutput> outputs;
  std::vector<std::string> leftover;  // stored tensors the model does not know: copied as they are

  bool tunes() const { return method == Method::kTune && n_quantized() > 0; }
  /// Whether samples pass through the model: tuning, calibrated ranges or states, or a search with importance.
  bool needs_data() const;
  int64_t n_quantized() const;  // linear layers
  /// Whether scales of attention's states follow from calibration; a conversion keeps the stored ones.
  bool calibrates_states() const { return options.static_states.any() && method != Method::kConvert; }
  /// Upper estimate of the memory a run takes beyond the mapped checkpoint.
  uint64_t memory_estimate() const;
};

/// Reads config.json and tensor headers; no weight, no data set. Refusals are base::Error(kUsage) or kPlugin.
Plan make_plan(const RunOptions& options, plugin::Registry& registry);

/// What a format plugin is told (ar/format.h, ar_format_api), as JSON text.
std::string plan_json(const Plan& plan, const PlannedOutput& output);

/// Lets the formats that want it choose the scheme of every matrix (ar_format_api.choose_schemes).
void apply_format_schemes(Plan& plan);

}  // namespace ar::engine
