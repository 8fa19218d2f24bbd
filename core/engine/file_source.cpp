#include "core/engine/file_source.hpp"

#include <functional>
#include <numeric>
#include <utility>

#include <ATen/TensorOperators.h>
#include <boost/json/serialize.hpp>

#include "ar/model.h"
#include "core/base/error.hpp"
#include "core/base/json.hpp"
#include "core/engine/format_reader.hpp"
#include "core/engine/plugin_error.hpp"
#include "core/engine/staging_sink.hpp"
#include "core/quant/activation_ggml.hpp"
#include "core/quant/data_type.hpp"
#include "core/tensor/view.hpp"

namespace ar::engine {
namespace {

ar_status keep_text(void* to, const char* text, size_t n_bytes) {
  static_cast<std::string*>(to)->assign(text, n_bytes);
  return AR_OK;
}

std::optional<at::ScalarType> cache_dtype_of(const base::JsonCursor& program) {
  const std::string name = program.get_string("cache", "float32");
  if (name == "float16") return at::kHalf;
  if (name == "bfloat16") return at::kBFloat16;
  if (name != "float32") program.fail("has cache '" + name + "'; accepted: float32, float16, bfloat16");
  return std::nullopt;
}

/// Undefined when the tensor is quantized.
at::Tensor find_weight(const StagingSink& sink) {
  for (const StagedTensor& t : sink.tensors()) {
    if (t.name == "weight") return tensor::from_bytes(t.name, t.dtype, t.shape, t.bytes.data(), t.bytes.size());
  }
  return {};
}

}  // namespace

FileSource::FileSource(plugin::Registry& registry, const std::filesystem::path& file,
                       std::optional<std::string> activations)
    : source_(source_plugin(registry, file), file), activations_(std::move(activations)) {
  find_activations();
  import(registry);
}

void FileSource::find_activations() {
  if (!activations_) return;
  const std::string file = source_.path().string();
  std::string accepted = "stored";
  if (const auto known = base::JsonCursor(source_.json(), file).find("activations")) {
    for (std::size_t i = 0; i < known->size(); ++i) {
      const base::JsonCursor program = known->at(i);
      const std::string name = program.get_string("name");
      if (name == *activations_) {
        cache_dtype_ = cache_dtype_of(program);
        return;
      }
      accepted += ", " + name;
    }
  }
  base::refuse("--activations {}: format '{}' of {} does not define it; accepted: {}", *activations_,
               source_.plugin().desc->id, file, accepted);
}

void FileSource::import(plugin::Registry& registry) {
  source_.require_model();
  const std::string file = source_.path().string();
  std::string answer;
  for (const plugin::Model* adapter : registry.models()) {
    if (adapter->api.import_file == nullptr) continue;
    ar_error err{};
    const ar_status status =
        adapter->api.import_file(source_.plugin().desc->id, source_.description().c_str(), &answer, keep_text, &err);
    if (status == AR_NOT_FOUND) continue;
    require_ok(status, err, *adapter, file);
    break;
  }
  if (answer.empty()) base::refuse("{}: no model adapter takes its architecture", file);
  const auto json = base::parse_json(answer, file);
  const base::JsonCursor root(json, file);
  config_ = model::parse_config(boost::json::serialize(json.at("config")), source_.path());
  const base::JsonCursor tensors = root.at("tensors");
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const base::JsonCursor t = tensors.at(i);
    const std::string name = t.at("source").as_string();
    TensorInfo info{"F32", {}};
    const base::JsonCursor shape = t.at("shape");
    for (std::size_t d = 0; d < shape.size(); ++d) info.shape.push_back(shape.at(d).as_int());
    table_[name] = std::move(info);
    declared_[name] = json.at("tensors").at(i).as_object();
  }
}

TensorInfo FileSource::info(const std::string& name) const {
  const auto found = table_.find(name);
  if (found == table_.end()) base::fail("{}: tensor {} is not in this file", source_.path().string(), name);
  return found->second;
}

std::vector<std::string> FileSource::names_in_order() const {
  std::vector<std::string> names;
  for (const auto& [name, info] : table_) names.push_back(name);
  return names;
}

int64_t FileSource::n_parameters() const {
  int64_t total = 0;
  for (const auto& [name, info] : table_)
    total += std::accumulate(info.shape.begin(), info.shape.end(), int64_t{1}, std::multiplies<>());
  return total;
}

boost::json::object FileSource::declared(const std::string& name) const {
  const auto found = declared_.find(name);
  if (found == declared_.end()) base::fail("{}: tensor {} is not in this file", source_.path().string(), name);
  return found->second;
}

quant::QuantizedWeight FileSource::planes(const StagingSink& sink, const std::string& name) const {
  const auto& shape = table_.at(name).shape;
  return to_stored_layer(sink, name, shape.at(0), shape.at(1)).planes;
}

at::Tensor FileSource::tensor(const std::string& name) const {
  StagingSink sink;
  source_.read(name, boost::json::serialize(declared(name)), sink);
  const at::Tensor weight = find_weight(sink);
  return weight.defined() ? weight : quant::dequantize(planes(sink, name), at::kFloat);
}

LoadedWeight FileSource::linear(const LinearSpec& spec) const {
  if (!activations_) return {tensor(spec.weight), std::nullopt, {}};
  StagingSink sink;
  boost::json::object asked = declared(spec.weight);
  asked["activations"] = *activations_;
  source_.read(spec.weight, boost::json::serialize(asked), sink);
  const quant::QuantizedWeight stored = planes(sink, spec.weight);
  const at::Tensor weight = find_weight(sink);
  LoadedWeight loaded{weight.defined() ? weight : quant::dequantize(stored, at::kFloat), input_quantizer(stored), {}};
  if (loaded.input && quant::has_own_sums(loaded.input->scheme) && stored.zero_point.defined()) {
    loaded.minima = -(stored.zero_point * stored.scale.to(at::kFloat));
  }
  return loaded;
}

}  // namespace ar::engine
