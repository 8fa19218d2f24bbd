#include "core/engine/file_source.hpp"

#include <functional>
#include <numeric>

#include <boost/json/serialize.hpp>

#include "ar/model.h"
#include "core/base/error.hpp"
#include "core/base/json.hpp"
#include "core/engine/format_reader.hpp"
#include "core/engine/plugin_error.hpp"
#include "core/engine/staging_sink.hpp"
#include "core/quant/data_type.hpp"
#include "core/tensor/view.hpp"

namespace ar::engine {
namespace {

ar_status keep_text(void* to, const char* text, size_t n_bytes) {
  static_cast<std::string*>(to)->assign(text, n_bytes);
  return AR_OK;
}

const at::Tensor* find_weight(const StagingSink& sink, at::Tensor& weight) {
  for (const StagedTensor& t : sink.tensors()) {
    if (t.name != "weight") continue;
    weight = tensor::from_bytes(t.name, t.dtype, t.shape, t.bytes.data(), t.bytes.size());
    return &weight;
  }
  return nullptr;
}

}  // namespace

FileSource::FileSource(plugin::Registry& registry, const std::filesystem::path& file)
    : source_(source_plugin(registry, file), file) {
  import(registry);
}

void FileSource::import(plugin::Registry& registry) {
  const std::string file = source_.path().string();
  std::string answer;
  for (const plugin::Model* adapter : registry.models()) {
    if (adapter->api.import_file == nullptr) continue;
    ar_error err{};
    const ar_status status = adapter->api.import_file(source_.plugin().desc->id, source_.description().c_str(), &answer,
                                                      keep_text, &err);
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
    declared_[name] = boost::json::serialize(json.at("tensors").at(i));
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

at::Tensor FileSource::tensor(const std::string& name) const {
  const auto declared = declared_.find(name);
  if (declared == declared_.end()) base::fail("{}: tensor {} is not in this file", source_.path().string(), name);
  StagingSink sink;
  source_.read(name, declared->second, sink);
  at::Tensor weight;
  if (find_weight(sink, weight) != nullptr) return weight;
  const auto& shape = table_.at(name).shape;
  return quant::dequantize(to_stored_layer(sink, name, shape.at(0), shape.at(1)).planes, at::kFloat);
}

}  // namespace ar::engine
