#include "plugins/models/common/adapter.hpp"

#include <algorithm>
#include <exception>

#include "ar/cpp/error.hpp"
#include "plugins/models/common/config.hpp"
#include "plugins/models/common/decoder.hpp"
#include "plugins/models/common/gguf_import.hpp"

namespace ar::models {

int32_t match_config(const DecoderSpec& spec, const char* config_json) noexcept {
  try {
    const Config config{std::string(config_json)};
    if (const auto type = config.text("model_type")) return *type == spec.model_type ? 100 : 0;
    const auto names = config.texts("architectures");
    return std::find(names.begin(), names.end(), spec.architecture) != names.end() ? 50 : 0;
  } catch (const std::exception&) {
    return 0;  // no config of ours
  }
}

ar_status import_model(const DecoderSpec& spec, const char* family, const char* description, void* ctx,
                       ar_status (*take)(void* ctx, const char* json, std::size_t n_bytes), ar_error* err) noexcept {
  return guard(err, [&] {
    const std::string model = std::string_view(family) == "gguf" ? import_gguf(spec, description) : "";
    if (model.empty()) throw Error(AR_NOT_FOUND, std::string("not a model of family ") + spec.model_type);
    if (take(ctx, model.data(), model.size()) != AR_OK) throw Error(AR_INVALID_ARGUMENT, "the host refused the model");
  });
}

std::unique_ptr<Model> open_decoder(const DecoderSpec& spec, const std::string& config_json,
                                    const TensorTable& tensors) {
  return std::make_unique<Decoder>(spec, Config(config_json), tensors);
}

}  // namespace ar::models
