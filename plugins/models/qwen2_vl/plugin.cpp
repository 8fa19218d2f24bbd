#include "ar/plugin.h"
#include "plugins/models/common/adapter.hpp"
#include "plugins/models/common/qwen2_vl.hpp"
#include "plugins/models/common/qwen_tower.hpp"

namespace {

const ar::models::DecoderSpec& qwen2_vl() {
  static const ar::models::DecoderSpec spec = ar::models::qwen2_vl_spec("qwen2_vl", "Qwen2VLForConditionalGeneration",
                                                                        "Qwen2VLAttention", ar::models::qwen2_tower);
  return spec;
}

const char* const kArchitectures[] = {"Qwen2VLForConditionalGeneration", nullptr};
constexpr ar_plugin_desc kDesc = ar::models::describe("qwen2_vl", "Qwen2-VL, its language model", kArchitectures,
                                                      &ar::models::Adapter<qwen2_vl>::kApi);

}  // namespace

AR_PLUGIN(qwen2_vl, &kDesc)
