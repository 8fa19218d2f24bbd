#include "host/inspect_text.hpp"

#include <map>

#include <fmt/ranges.h>
#include <boost/json/array.hpp>

#include "core/quant/scheme_json.hpp"
#include "host/table.hpp"

namespace ar::host {
namespace {

namespace json = boost::json;
using engine::InspectedLayer;
using engine::InspectedTensor;
using engine::Inspection;

std::string group_text(const quant::Scheme& s) {
  if (s.group_size_rows > 0) return fmt::format("{}x{}", s.group_size_rows, s.group_size);
  if (s.group_size > 0) return fmt::format("{}", s.group_size);
  return s.group_size == 0 ? "tensor" : "row";
}

/// "int 4 bits, symmetric, group 128", with the activations' type where they are quantized.
std::string scheme_text(const quant::Scheme& s) {
  std::string text = fmt::format("{} {} bits", s.data_type, s.bits);
  if (s.data_type.compare(0, 3, "int") == 0) text += s.sym ? " symmetric" : " asymmetric";
  text += ", group " + group_text(s);
  if (s.super_group_size) text += fmt::format(" in super-blocks of {}", *s.super_group_size);
  if (s.act_bits < 16) {
    text += fmt::format("; activations {} {} bits {}", s.act_data_type, s.act_bits, s.act_dynamic ? "dynamic" : "static");
  }
  return text;
}

std::string size_text(uint64_t n_bytes) {
  constexpr double kMebi = 1024.0 * 1024.0;
  const double mebibytes = static_cast<double>(n_bytes) / kMebi;
  return mebibytes < 1024.0 ? fmt::format("{:.1f} MiB", mebibytes) : fmt::format("{:.2f} GiB", mebibytes / 1024.0);
}

const InspectedLayer* layer_of(const Inspection& found, const InspectedTensor& tensor) {
  return tensor.layer < 0 ? nullptr : &found.layers[static_cast<std::size_t>(tensor.layer)];
}

std::string tensor_table(const Inspection& found) {
  Table table({"TENSOR", "TYPE", "BITS", "GROUP", "BYTES", "SHAPE"});
  for (const InspectedTensor& t : found.tensors) {
    const InspectedLayer* layer = layer_of(found, t);
    const bool known = layer != nullptr && layer->problem.empty();
    table.add({t.name, t.type, known ? fmt::format("{}", layer->scheme.bits) : layer != nullptr ? "?" : "-",
               known ? group_text(layer->scheme) : layer != nullptr ? "?" : "-", fmt::format("{}", t.n_bytes),
               fmt::format("[{}]", fmt::join(t.shape, ", "))});
  }
  return table.text();
}

struct SchemeSum {
  int64_t n_layers = 0;
  int64_t n_weights = 0;
  uint64_t n_bytes = 0;
};

std::string scheme_table(const Inspection& found) {
  std::map<std::string, SchemeSum> sums;
  uint64_t quantized_bytes = 0;
  for (const InspectedLayer& layer : found.layers) {
    SchemeSum& sum = sums[layer.problem.empty() ? scheme_text(layer.scheme) : "not known: " + layer.problem];
    ++sum.n_layers;
    sum.n_weights += layer.n_weights;
    sum.n_bytes += layer.n_bytes;
    quantized_bytes += layer.n_bytes;
  }
  Table table({"MATRICES", "WEIGHTS", "BITS PER WEIGHT", "SCHEME"});
  const auto row = [&](const std::string& count, int64_t weights, uint64_t bytes, const std::string& scheme) {
    const double bits = weights == 0 ? 0.0 : 8.0 * static_cast<double>(bytes) / static_cast<double>(weights);
    table.add({count, weights == 0 ? "?" : fmt::format("{}", weights), weights == 0 ? "?" : fmt::format("{:.4f}", bits),
               scheme});
  };
  for (const auto& [scheme, sum] : sums) row(fmt::format("{}", sum.n_layers), sum.n_weights, sum.n_bytes, scheme);
  if (found.n_plain_weights() > 0) {
    row("-", found.n_plain_weights(), found.n_bytes() - quantized_bytes, "everything else, not quantized");
  }
  return table.text();
}

std::string origin_text(const Inspection& found) {
  std::string text = fmt::format("{}: {}, {} file{}\n", found.path.string(), found.file, found.files.size(),
                                 found.files.size() == 1 ? "" : "s");
  if (found.quant_method.empty() && found.format.empty()) return text + "not quantized\n";
  if (!found.quant_method.empty()) text += fmt::format("quant_method {}", found.quant_method);
  if (!found.packing_format.empty()) text += fmt::format(", packing_format {}", found.packing_format);
  text += found.format.empty() ? "; no format plugin of this program reads it\n"
                               : fmt::format("{}read by format plugin {}\n", found.quant_method.empty() ? "" : "; ",
                                             found.format);
  return text;
}

std::string loaders_text(const Inspection& found) {
  if (found.loaders.empty()) return "loaded by: no program that is known here\n";
  std::string text = "loaded by:\n";
  for (const engine::Loader& loader : found.loaders) {
    text += "  " + loader.name + (loader.needs.empty() ? "" : " (needs " + loader.needs + ")") + "\n";
  }
  return text;
}

json::array shape_json(const std::vector<int64_t>& shape) { return json::array(shape.begin(), shape.end()); }

json::array tensors_json(const Inspection& found) {
  json::array rows;
  for (const InspectedTensor& t : found.tensors) {
    json::object row{{"name", t.name}, {"type", t.type}, {"shape", shape_json(t.shape)}, {"bytes", t.n_bytes},
                     {"file", t.file}};
    const InspectedLayer* layer = layer_of(found, t);
    if (layer != nullptr) row["matrix"] = layer->name;
    if (layer != nullptr && layer->problem.empty()) {
      const json::object scheme = quant::scheme_json(layer->scheme);
      row["bits"] = scheme.at("bits");
      row["group_size"] = scheme.at("group_size");
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

json::array layers_json(const Inspection& found) {
  json::array rows;
  for (const InspectedLayer& layer : found.layers) {
    json::object row{{"name", layer.name}, {"bytes", layer.n_bytes}};
    if (layer.problem.empty()) {
      row["scheme"] = quant::scheme_json(layer.scheme);
      row["weights"] = layer.n_weights;
      row["bits_per_weight"] = layer.bits_per_weight();
    } else {
      row["problem"] = layer.problem;
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace

std::string inspection_text(const Inspection& found) {
  std::string text = origin_text(found) + "\n" + tensor_table(found) + "\n" + scheme_table(found) + "\n";
  text += fmt::format("total: {} tensors, {} weights, {} bytes ({}), {:.4f} bits per weight", found.tensors.size(),
                      found.n_plain_weights() + found.n_quantized_weights(), found.n_bytes(), size_text(found.n_bytes()),
                      found.bits_per_weight());
  if (!found.layers.empty()) text += fmt::format(", {:.4f} in quantized matrices", found.quantized_bits_per_weight());
  return text + "\n" + loaders_text(found);
}

json::object inspection_json(const Inspection& found) {
  json::array loaders;
  for (const engine::Loader& loader : found.loaders) {
    loaders.push_back(json::object{{"name", loader.name}, {"needs", loader.needs}});
  }
  return {{"path", found.path.string()},
          {"file", found.file},
          {"files", json::array(found.files.begin(), found.files.end())},
          {"quant_method", found.quant_method},
          {"packing_format", found.packing_format},
          {"format", found.format},
          {"tensors", tensors_json(found)},
          {"matrices", layers_json(found)},
          {"totals", json::object{{"tensors", found.tensors.size()},
                                  {"weights", found.n_plain_weights() + found.n_quantized_weights()},
                                  {"quantized_weights", found.n_quantized_weights()},
                                  {"bytes", found.n_bytes()},
                                  {"bits_per_weight", found.bits_per_weight()},
                                  {"quantized_bits_per_weight", found.quantized_bits_per_weight()}}},
          {"loaders", std::move(loaders)}};
}

}  // namespace ar::host
