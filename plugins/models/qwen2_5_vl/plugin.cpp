#include "ar/plugin.h"
#include "plugins/models/common/adapter.hpp"
#include "plugins/models/common/qwen2_vl.hpp"
#include "plugins/models/common/qwen_tower.hpp"

namespace {

const ar::models::DecoderSpec& qwen2_5_vl() {
  static const ar::models::DecoderSpec spec = ar::models::qwen2_vl_spec(
      "qwen2_5_vl", "Qwen2_5_VLForConditionalGeneration", "Qwen2_5_VLAttention", ar::models::qwen2_5_tower);
  return spec;
}

const char* const kArchitectures[] = {"Qwen2_5_VLForConditionalGeneration", nullptr};
constexpr ar_plugin_desc kDesc = ar::models::describe("qwen2_5_vl", "Qwen2.5-VL, its language model", kArchitectures,
                                                      &ar::models::Adapter<qwen2_5_vl>::kApi);

}  // namespace

AR_PLUGIN(qwen2_5_vl, &kDesc)
