#include <cstddef>
#include <cstdint>
#include <string>

#include "core/base/error.hpp"
#include "core/model/layer_config.hpp"

/// The first line is --layer_config, the rest --ignore_layers.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const size_t line = text.find('\n');
  ar::model::LayerRequest request;
  request.layer_config = text.substr(0, line);
  if (line != std::string::npos) request.ignore_layers = text.substr(line + 1);
  try {
    static const ar::quant::Scheme scheme = ar::quant::preset("W4A16");
    ar::model::resolve_layers({{"model.layers.0.self_attn.q_proj", 64, 64, true, false},
                               {"model.layers.1.mlp.down_proj", 64, 48, true, false},
                               {"lm_head", 512, 64, false, true}},
                              scheme, request);
    ar::model::compress_names({request.ignore_layers, request.ignore_layers + ".1", request.ignore_layers + ".2"});
  } catch (const ar::base::Error&) {  // refused, as it should be
  }
  return 0;
}
