#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "ar/build_tag.hpp"
#include "ar/model.h"
#include "ar/torch/model_arch.hpp"
#include "plugins/models/common/decoder_spec.hpp"

namespace ar::models {

/// 100 when config.json names the family's model_type, 50 when it names none but its architecture, else 0.
int32_t match_config(const DecoderSpec& spec, const char* config_json) noexcept;
/// ar_model_api::import_file for the families that have a way back: "gguf".
ar_status import_model(const DecoderSpec& spec, const char* family, const char* description, void* ctx,
                       ar_status (*take)(void* ctx, const char* json, std::size_t n_bytes), ar_error* err) noexcept;
std::unique_ptr<Model> open_decoder(const DecoderSpec& spec, const std::string& config_json,
                                    const TensorTable& tensors);

/// What a declaration becomes as a plugin: its function table.
template <const DecoderSpec& (*kSpec)()>
struct Adapter {
  class Arch final : public ModelArch {
   public:
    std::unique_ptr<Model> open(const std::string& config_json, const TensorTable& tensors) const override {
      return open_decoder(kSpec(), config_json, tensors);
    }
  };
  static int32_t match(const char* config_json) { return match_config(kSpec(), config_json); }
  static void* arch() {
    static Arch instance;
    return static_cast<ModelArch*>(&instance);
  }
  static ar_status import_file(const char* family, const char* description, void* ctx,
                          ar_status (*take)(void* ctx, const char* json, std::size_t n_bytes), ar_error* err) {
    return import_model(kSpec(), family, description, ctx, take, err);
  }
  static constexpr ar_model_api kApi{sizeof(ar_model_api), match, arch, import_file};
};

/// The descriptor of an adapter of this program's own version.
constexpr ar_plugin_desc describe(const char* id, const char* title, const char* const* capabilities,
                                  const ar_model_api* api) {
  return {sizeof(ar_plugin_desc), AR_SDK_MAJOR, AR_SDK_MINOR, AR_KIND_MODEL, 0, id, nullptr, title, "0.1.0",
          AR_BUILD_TAG,           capabilities, api};
}

}  // namespace ar::models
