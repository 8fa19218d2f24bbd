#include "core/engine/convert.hpp"

#include <algorithm>
#include <utility>

#include <boost/json.hpp>

#include "core/base/error.hpp"
#include "core/base/log.hpp"
#include "core/engine/model_source.hpp"
#include "core/quant/scheme_json.hpp"
#include "core/tensor/parallel.hpp"

namespace ar::engine {
namespace {

namespace json = boost::json;

struct StoredLinear {
  std::string name;
  bool in_block;
  std::optional<quant::Scheme> scheme;  // empty: not quantized
};

std::vector<StoredLinear> stored_linears(const Plan& plan) {
  std::vector<StoredLinear> layers;
  const auto add = [&](const LinearSpec& spec, bool in_block) {
    std::optional<quant::Scheme> scheme;
    if (plan.source->is_quantized(spec)) scheme = plan.source->layers()->scheme(spec);
    layers.push_back({spec.name, in_block, std::move(scheme)});
  };
  for (const BlockSpec& block : plan.spec->blocks) {
    for (const LinearSpec& spec : block.linears) add(spec, true);
  }
  for (const LinearSpec& spec : plan.spec->head) add(spec, false);
  return layers;
}

/// The first of the most frequent ones.
const quant::Scheme* most_frequent(const std::vector<StoredLinear>& layers) {
  const quant::Scheme* best = nullptr;
  std::ptrdiff_t best_count = 0;
  for (const StoredLinear& layer : layers) {
    if (!layer.scheme) continue;
    const auto count = std::count_if(layers.begin(), layers.end(), [&](const StoredLinear& other) {
      return other.scheme && *other.scheme == *layer.scheme;
    });
    if (count > best_count) best = &*layer.scheme;
    best_count = std::max(best_count, count);
  }
  return best;
}

}  // namespace

void drop_quantization(model::Config& config) {
  config.quantization_config.reset();
  for (const char* key : {"quantization_config", "compression_config", "quantization"}) config.json.stable_erase(key);
}

void adopt_stored_schemes(Plan& plan) {
  if (plan.source->layers() == nullptr) {
    base::refuse(
        "convert {}: the codes of a model in one file have no place in another layout; quantize it again without "
        "convert",
        plan.options.model);
  }
  const std::vector<StoredLinear> layers = stored_linears(plan);
  const quant::Scheme* global = most_frequent(layers);
  if (global == nullptr) {
    base::refuse("{}: no layer is stored quantized, so there is nothing to convert", plan.options.model);
  }
  json::object entries;
  for (const StoredLinear& layer : layers) {
    const bool ordinary = layer.in_block ? layer.scheme && *layer.scheme == *global : !layer.scheme;
    if (ordinary) continue;
    entries[layer.name] = layer.scheme ? quant::scheme_json(*layer.scheme) : json::object{{"bits", 16}};
  }
  plan.scheme = *global;
  plan.options.scheme = quant::preset_name(*global);
  plan.options.layer_config = entries.empty() ? "" : json::serialize(entries);
}

void advise_conversion(const Plan& plan) {
  const WeightSource* stored = plan.source->layers();
  if (stored == nullptr || plan.n_quantized() == 0) return;
  const bool same = std::all_of(plan.layers.begin(), plan.layers.end(), [&](const PlannedLayer& layer) {
    return !layer.quantized || (stored->is_quantized(layer.spec) && stored->scheme(layer.spec) == layer.scheme);
  });
  if (!same) return;
  base::warning(
      "every layer to quantize is stored in its scheme already, and rounding it again loses a little; `auto-round "
      "convert {}` "
      "takes the codes over as they are",
      plan.options.model);
}

UnitResult read_unit(const Plan& plan, const LoadedStage& loaded) {
  UnitResult result = untouched(loaded);
  tensor::parallel_for(static_cast<int64_t>(result.layers.size()), [&](int64_t i) {
    const auto at = static_cast<std::size_t>(i);
    const tune::StageLinear& linear = loaded.stage.linears[at];
    if (!linear.tuned) return;
    result.layers[at] = plan.source->layers()->read(plan.layers[loaded.planned[at]].spec).planes;
    result.weights[at] = linear.weight;
  });
  return result;
}

}  // namespace ar::engine
