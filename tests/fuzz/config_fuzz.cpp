#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/base/error.hpp"
#include "core/model/config.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const ar::model::Config config = ar::model::parse_config(text, "config.json");
    if (config.num_hidden_layers.value_or(0) < 1000) {
      ar::model::predefined_ignore_layers(config, {"model.layers.0.mlp.gate"});
    }
  } catch (const ar::base::Error&) {  // refused, as it should be
  }
  return 0;
}
