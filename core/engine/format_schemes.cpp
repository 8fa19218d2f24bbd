#include <algorithm>

#include <boost/json.hpp>

#include "core/base/error.hpp"
#include "core/base/json.hpp"
#include "core/engine/format_client.hpp"
#include "core/engine/plan.hpp"

namespace ar::engine {
namespace {

/// The fields a format sets; activations stay as they were.
quant::Scheme read_scheme(const base::JsonCursor& json, quant::Scheme scheme) {
  scheme.bits = static_cast<int>(json.get_int("bits", scheme.bits));
  scheme.group_size = json.get_int("group_size", scheme.group_size);
  scheme.group_size_rows = 0;
  scheme.sym = json.get_bool("sym", scheme.sym);
  scheme.data_type = json.get_string("data_type", scheme.data_type);
  scheme.super_bits.reset();
  scheme.super_group_size.reset();
  if (const auto bits = json.find("super_bits")) scheme.super_bits = static_cast<int>(bits->as_int());
  if (const auto size = json.find("super_group_size")) scheme.super_group_size = static_cast<int>(size->as_int());
  return scheme;
}

PlannedLayer* find(std::vector<PlannedLayer>& layers, const std::string& name) {
  const auto at = std::find_if(layers.begin(), layers.end(), [&](const PlannedLayer& l) { return l.spec.name == name; });
  return at == layers.end() ? nullptr : &*at;
}

void set_scheme(PlannedLayer& layer, const quant::Scheme& scheme, const std::string& format) {
  layer.scheme = scheme;
  layer.quantized = scheme.bits < 16;
  layer.round_only = layer.block < 0 && layer.quantized;
  layer.reason = layer.quantized ? "" : "kept at 16 bit by format " + format;
}

void apply(Plan& plan, const PlannedOutput& output, const std::string& chosen) {
  const std::string where = "schemes of format " + output.format;
  const auto json = base::parse_json(chosen, where);
  const base::JsonCursor root(json, where);
  if (const auto scheme = root.find("scheme")) plan.scheme = read_scheme(*scheme, plan.scheme);
  const std::string scale_dtype = root.get_string("scale_dtype", "");
  for (std::vector<PlannedLayer>* layers : {&plan.layers, &plan.embeddings}) {
    for (PlannedLayer& layer : *layers) {
      if (!scale_dtype.empty()) layer.scale_dtype = scale_dtype;
    }
  }
  const base::JsonCursor matrices = root.at("matrices");
  for (std::size_t i = 0; i < matrices.size(); ++i) {
    const base::JsonCursor matrix = matrices.at(i);
    const std::string name = matrix.get_string("name", "");
    PlannedLayer* layer = find(plan.layers, name);
    if (layer == nullptr) layer = find(plan.embeddings, name);
    if (layer == nullptr) base::fail("{}: there is no matrix '{}' in this model", where, name);
    set_scheme(*layer, read_scheme(matrix.at("scheme"), layer->scheme), output.format);
  }
}

}  // namespace

void apply_format_schemes(Plan& plan) {
  for (const PlannedOutput& output : plan.outputs) {
    const auto chosen = choose_schemes(*output.plugin, output.format, plan_json(plan, output));
    if (chosen) apply(plan, output, *chosen);
  }
}

}  // namespace ar::engine
