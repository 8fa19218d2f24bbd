#include "plugins/models/common/adapter.hpp"

#include <algorithm>
#include <exception>

#include "plugins/models/common/config.hpp"
#include "plugins/models/common/decoder.hpp"

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

std::unique_ptr<Model> open_decoder(const DecoderSpec& spec, const std::string& config_json,
                                    const TensorTable& tensors) {
  return std::make_unique<Decoder>(spec, Config(config_json), tensors);
}

}  // namespace ar::models
