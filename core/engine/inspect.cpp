#include "core/engine/inspect.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <optional>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "core/base/error.hpp"
#include "core/base/json.hpp"
#include "core/engine/inspect_file.hpp"
#include "core/engine/siblings.hpp"
#include "core/engine/stored_scheme.hpp"
#include "core/model/checkpoint.hpp"

namespace ar::engine {
namespace {

namespace fs = std::filesystem;

/// Files of a checkpoint and where each tensor lies.
struct Store {
  std::vector<model::SafetensorsFile> files;
  std::map<std::string, std::size_t> file_of;

  model::RawTensor raw(const std::string& name) const { return files[file_of.at(name)].raw(name); }
};

Store open_store(const fs::path& path) {
  Store store;
  if (!fs::is_directory(path)) {
    store.files.emplace_back(path);
    for (const model::TensorEntry& t : store.files.front().header().tensors) store.file_of[t.name] = 0;
    return store;
  }
  const model::Checkpoint checkpoint(path);
  store.files = checkpoint.files();
  for (const auto& [name, info] : checkpoint.tensors()) store.file_of[name] = info.file;
  return store;
}

/// The quantization_config of <folder>/config.json; older compressed-tensors files say compression_config.
std::optional<boost::json::object> read_quantization_config(const fs::path& folder) {
  if (!fs::exists(folder / "config.json")) return std::nullopt;
  const auto value = base::parse_json_file(folder / "config.json");
  const base::JsonCursor config(value, (folder / "config.json").string());
  if (!config.is_object()) config.fail("must be a JSON object");
  for (const char* key : {"quantization_config", "compression_config"}) {
    if (const auto found = config.find(key)) return found->as_object();
  }
  return std::nullopt;
}

std::string module_of(const std::string& tensor) {
  const auto dot = tensor.rfind('.');
  return dot == std::string::npos ? "" : tensor.substr(0, dot);
}

/// Tensors by module, as indices.
using Modules = std::map<std::string, std::vector<std::size_t>>;

Modules group_by_module(const std::vector<InspectedTensor>& tensors) {
  Modules modules;
  for (std::size_t i = 0; i < tensors.size(); ++i) modules[module_of(tensors[i].name)].push_back(i);
  return modules;
}

/// A matrix that is no ordinary float and, since buffers may be such too, something beside it.
bool is_quantized(const std::vector<InspectedTensor>& tensors, const std::vector<std::size_t>& members) {
  return members.size() > 1 && std::any_of(members.begin(), members.end(), [&](std::size_t i) {
           return !model::is_ordinary_float(tensors[i].type) && tensors[i].shape.size() >= 2;
         });
}

bool siblings_differ(const Modules& modules, const std::vector<InspectedLayer>& layers) {
  std::map<std::string, quant::Scheme> schemes;
  for (const InspectedLayer& layer : layers) {
    if (layer.problem.empty()) schemes.emplace(layer.name, layer.scheme);
  }
  std::vector<std::string> names;
  std::vector<std::optional<quant::Scheme>> stored;
  for (const auto& [name, members] : modules) {
    const auto found = schemes.find(name);
    names.push_back(name);
    stored.push_back(found == schemes.end() ? std::nullopt : std::optional(found->second));
  }
  const auto groups = sibling_groups(names);
  return std::any_of(groups.begin(), groups.end(), [&](const std::vector<std::size_t>& group) {
    return std::any_of(group.begin(), group.end(), [&](std::size_t i) { return stored[i] != stored[group.front()]; });
  });
}

class SafetensorsInspector {
 public:
  SafetensorsInspector(plugin::Registry& registry, const fs::path& path) : store_(open_store(path)) {
    found_.path = path;
    found_.file = "safetensors";
    const auto config = read_quantization_config(fs::is_directory(path) ? path : path.parent_path());
    if (!config) return;
    config_ = boost::json::serialize(*config);
    const boost::json::value value(*config);
    const base::JsonCursor cursor(value, "quantization_config");
    found_.quant_method = cursor.get_string("quant_method", "");
    found_.packing_format = cursor.get_string("packing_format", cursor.get_string("format", ""));
    owner_ = find_owner(registry, config_);
    if (owner_ != nullptr) found_.format = owner_->desc->id;
  }

  Inspection operator()() {
    for (const auto& file : store_.files) found_.files.push_back(file.path().filename().string());
    for (const auto& [name, file] : store_.file_of) {
      const model::RawTensor raw = store_.raw(name);
      found_.tensors.push_back({name, raw.dtype, raw.shape, raw.n_bytes, found_.files[file], -1});
    }
    const Modules modules = group_by_module(found_.tensors);
    for (const auto& [name, members] : modules) {
      if (is_quantized(found_.tensors, members)) add_layer(name, members);
    }
    // mlx-lm's configs name no method.
    const std::string method = found_.quant_method.empty() ? found_.format : found_.quant_method;
    StoredAs stored{found_.file, method, found_.packing_format, {}, siblings_differ(modules, found_.layers)};
    for (const InspectedLayer& layer : found_.layers) {
      if (layer.problem.empty()) stored.schemes.push_back(layer.scheme);
    }
    found_.loaders = find_loaders(stored);
    return std::move(found_);
  }

 private:
  void add_layer(const std::string& name, const std::vector<std::size_t>& members) {
    InspectedLayer layer;
    layer.name = name;
    LayerTensors tensors;
    uint64_t code_bytes = 0;
    try {
      for (const std::size_t i : members) {
        InspectedTensor& t = found_.tensors[i];
        t.layer = static_cast<int64_t>(found_.layers.size());
        if (t.name != name + ".bias") layer.n_bytes += t.n_bytes;
        if (!model::is_ordinary_float(t.type)) code_bytes = std::max(code_bytes, t.n_bytes);
        tensors.add(t.name, store_.raw(t.name));
      }
      describe(layer, tensors);
      layer.n_weights = static_cast<int64_t>(code_bytes * 8 / static_cast<uint64_t>(layer.scheme.bits));
    } catch (const base::Error& e) {
      layer.problem = e.what();
    }
    found_.layers.push_back(std::move(layer));
  }

  void describe(InspectedLayer& layer, const LayerTensors& tensors) const {
    if (config_.empty()) base::fail("no config.json with a quantization_config beside it");
    if (owner_ == nullptr) base::fail("no format plugin reads quant_method '{}'", found_.quant_method);
    layer.scheme = stored_scheme(*owner_, config_, layer.name, tensors);
    if (layer.scheme.bits < 1 || layer.scheme.bits > 8) base::fail("stored with {} bits", layer.scheme.bits);
  }

  Store store_;
  std::string config_;
  const plugin::Format* owner_ = nullptr;
  Inspection found_;
};

int64_t n_elements(const InspectedTensor& t) {
  return std::accumulate(t.shape.begin(), t.shape.end(), int64_t{1}, std::multiplies<>());
}

double ratio(uint64_t n_bytes, int64_t n_weights) {
  return n_weights == 0 ? 0.0 : 8.0 * static_cast<double>(n_bytes) / static_cast<double>(n_weights);
}

}  // namespace

double InspectedLayer::bits_per_weight() const { return ratio(n_bytes, n_weights); }

uint64_t Inspection::n_bytes() const {
  uint64_t total = 0;
  for (const InspectedTensor& t : tensors) total += t.n_bytes;
  return total;
}

int64_t Inspection::n_plain_weights() const {
  int64_t total = 0;
  for (const InspectedTensor& t : tensors) total += t.layer < 0 ? n_elements(t) : 0;
  return total;
}

int64_t Inspection::n_quantized_weights() const {
  int64_t total = 0;
  for (const InspectedLayer& layer : layers) total += layer.n_weights;
  return total;
}

double Inspection::quantized_bits_per_weight() const {
  uint64_t n_bytes = 0;
  for (const InspectedLayer& layer : layers) n_bytes += layer.n_weights > 0 ? layer.n_bytes : 0;
  return ratio(n_bytes, n_quantized_weights());
}

double Inspection::bits_per_weight() const { return ratio(n_bytes(), n_plain_weights() + n_quantized_weights()); }

Inspection inspect(plugin::Registry& registry, const fs::path& path) {
  if (!fs::exists(path)) base::refuse("{}: there is no such file or folder", path.string());
  if (const auto file = find_model_file(registry, path)) return inspect_model_file(registry, *file);
  return SafetensorsInspector(registry, path)();
}

}  // namespace ar::engine
