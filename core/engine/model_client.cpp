#include "core/engine/model_client.hpp"

#include <cstring>
#include <new>
#include <string_view>
#include <utility>

#include <c10/util/Exception.h>
#include <fmt/ranges.h>
#include <boost/json/serialize.hpp>

#include "ar/cpp/error.hpp"
#include "core/base/error.hpp"
#include "core/base/log.hpp"

namespace ar::engine {
namespace {

/// Who is called, for messages.
struct Caller {
  const plugin::Model* plugin;

  [[noreturn]] void fail(base::Exit exit, const char* text) const {
    throw base::Error(exit, fmt::format("model adapter '{}' ({}): {}", plugin->desc->id, plugin->origin, text));
  }

  /// Runs body; what the plugin throws comes out as a base::Error with its name.
  template <typename Body>
  auto call(Body&& body) const -> decltype(body()) {
    try {
      return body();
    } catch (const base::Error&) {
      throw;  // a Runner's
    } catch (const std::bad_alloc&) {
      throw;
    } catch (const Error& e) {
      fail(e.code() == AR_UNSUPPORTED ? base::Exit::kUsage : base::Exit::kFailed, e.what());
    } catch (const c10::Error& e) {
      fail(base::Exit::kFailed, e.what_without_backtrace());
    } catch (const std::exception& e) {
      fail(base::Exit::kFailed, e.what());
    } catch (...) {
      fail(base::Exit::kFailed, "threw something that is no std::exception: a bug in that plugin");
    }
  }
};

class CheckedModel final : public Model {
 public:
  CheckedModel(Caller caller, std::unique_ptr<Model> inner) : caller_(caller), inner_(std::move(inner)) {}

  const ModelSpec& spec() const override { return inner_->spec(); }
  std::shared_ptr<const Context> context(int64_t length, const at::TensorOptions& options) const override {
    return caller_.call([&] { return inner_->context(length, options); });
  }
  at::Tensor embed(const at::Tensor& ids, const Context& context, Runner& runner) const override {
    return caller_.call([&] { return inner_->embed(ids, context, runner); });
  }
  at::Tensor block(int64_t index, const at::Tensor& hidden, const Context& context, Runner& runner) const override {
    return caller_.call([&] { return inner_->block(index, hidden, context, runner); });
  }
  at::Tensor head(const at::Tensor& hidden, const Context& context, Runner& runner) const override {
    return caller_.call([&] { return inner_->head(hidden, context, runner); });
  }

 private:
  Caller caller_;
  std::unique_ptr<Model> inner_;
};

bool knows(plugin::Registry& registry, const std::string& name) {
  for (const std::string& id : registry.ids(AR_KIND_MODEL)) {
    if (id == name) return true;
  }
  for (const plugin::Model* model : registry.models()) {
    for (const char* const* alias = model->desc->aliases; alias != nullptr && *alias != nullptr; ++alias) {
      if (name == *alias) return true;
    }
  }
  return false;
}

const plugin::Model& find_adapter(plugin::Registry& registry, const model::Config& config) {
  if (!config.model_type.empty() && knows(registry, config.model_type)) return registry.model(config.model_type);
  const plugin::Model* best = nullptr;
  int32_t best_score = 0;
  std::vector<std::string> ids;
  for (const plugin::Model* model : registry.models()) {
    ids.emplace_back(model->desc->id);
    const int32_t score = model->api.match(config.text.c_str());
    if (score <= best_score) continue;
    best = model;
    best_score = score;
  }
  if (best != nullptr) return *best;
  std::vector<std::string> places;
  for (const plugin::Place& place : registry.places()) places.push_back(plugin::describe(place));
  base::refuse("{}: model_type '{}', architecture '{}': no model adapter takes it\n  available: {}\n  searched: {}",
               config.path.string(), config.model_type, fmt::join(config.architectures, ", "),
               ids.empty() ? "none" : fmt::format("{}", fmt::join(ids, ", ")), fmt::join(places, "; "));
}

/// Packed codes that are called "weight" have another shape than the matrix; without them the layer counts as packed.
bool is_packed_weight(const std::string& name, const std::string& dtype) {
  constexpr std::string_view kEnd = ".weight";
  const bool words = dtype == "U32" || dtype == "I32";
  return words && name.size() > kEnd.size() && name.compare(name.size() - kEnd.size(), kEnd.size(), kEnd) == 0;
}

TensorTable table_of(const model::Checkpoint& checkpoint) {
  TensorTable table;
  for (const auto& [name, info] : checkpoint.tensors()) {
    if (!is_packed_weight(name, info.dtype)) table[name] = {info.dtype, info.shape};
  }
  return table;
}

/// A head that config.json ties to the embedding but that is stored too, with other values.
bool stores_another_head(const ModelSpec& spec, const model::Checkpoint& checkpoint) {
  if (!spec.tied || spec.head.empty() || spec.embed.empty()) return false;
  for (const std::string& name : spec.dropped) {
    const std::string head = spec.head.front().name + ".weight";
    if (name.size() < head.size() || name.compare(name.size() - head.size(), head.size(), head) != 0) continue;
    const model::RawTensor stored = checkpoint.raw(name);
    const model::RawTensor embedding = checkpoint.raw(spec.embed.front().tensor);
    return stored.n_bytes != embedding.n_bytes || std::memcmp(stored.data, embedding.data, stored.n_bytes) != 0;
  }
  return false;
}

std::string untied(const model::Config& config) {
  boost::json::object json = config.json;
  json["tie_word_embeddings"] = false;
  return boost::json::serialize(json);
}

std::unique_ptr<Model> open_with(const Caller& caller, const std::string& config, const TensorTable& table) {
  const auto* arch = static_cast<const ModelArch*>(caller.plugin->api.arch());
  if (arch == nullptr) caller.fail(base::Exit::kPlugin, "returned no ModelArch: a bug in that plugin");
  return caller.call([&] {
    auto model = arch->open(config, table);
    if (model == nullptr) throw std::runtime_error("opened nothing: a bug in that plugin");
    return model;
  });
}

}  // namespace

std::shared_ptr<const Model> open_model(plugin::Registry& registry, const model::Config& config, const TensorTable& table) {
  const Caller caller{&find_adapter(registry, config)};
  return std::make_shared<CheckedModel>(caller, open_with(caller, config.text, table));
}

std::shared_ptr<const Model> open_model(plugin::Registry& registry, const model::Config& config,
                                        const model::Checkpoint& checkpoint) {
  const Caller caller{&find_adapter(registry, config)};
  const TensorTable table = table_of(checkpoint);
  std::unique_ptr<Model> model = open_with(caller, config.text, table);
  if (stores_another_head(model->spec(), checkpoint)) {
    base::warning(
        "{}: tie_word_embeddings is true, but the stored {}.weight differs from the embedding; it is used as it is",
        config.path.string(), model->spec().head.front().name);
    model = open_with(caller, untied(config), table);
  }
  return std::make_shared<CheckedModel>(caller, std::move(model));
}

}  // namespace ar::engine
