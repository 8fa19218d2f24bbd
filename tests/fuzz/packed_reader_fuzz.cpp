// The reader of one format plugin, AR_FUZZ_ENTRY, on damaged layers. Input: a quantization_config (JSON text), a zero
// byte, a safetensors file.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>

#include "ar/format.h"
#include "core/base/error.hpp"
#include "core/engine/layer_tensors.hpp"
#include "core/engine/staging_sink.hpp"
#include "core/model/safetensors_file.hpp"

extern "C" const ar_plugin_desc* AR_FUZZ_ENTRY();

namespace {

using ar::engine::LayerTensors;

/// Where one tensor of a checked header lies in the input.
ar::model::RawTensor raw(const ar::model::SafetensorsHeader& header, const ar::model::TensorEntry& t,
                         std::string_view file) {
  const auto* data = reinterpret_cast<const std::byte*>(file.data()) + header.data_start + t.begin;
  return {t.dtype, t.shape, data, t.end - t.begin};
}

/// Whatever is read must be whole tensors; a refusal must say something.
void read(const ar_format_api& api, const std::string& config, const std::string& name, const LayerTensors& tensors) {
  ar_layer layer{};
  layer.struct_size = sizeof layer;
  layer.name = name.c_str();
  const ar::engine::StagingSink sink;
  ar_error err{};
  const ar_status status =
      api.read_layer(config.c_str(), &layer, tensors.data(), tensors.size(), sink.sink(), &err);
  if (status != AR_OK && err.text[0] == '\0') std::abort();
  if (status == AR_OK && sink.tensors().empty()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto end = input.find('\0');
  if (end == std::string_view::npos) return 0;
  const std::string config(input.substr(0, end));
  const std::string_view file = input.substr(end + 1);
  const auto& api = *static_cast<const ar_format_api*>(AR_FUZZ_ENTRY()->api);
  api.owns(config.c_str());
  try {
    const auto header = ar::model::parse_safetensors_header(file, file.size(), "fuzz");
    std::map<std::string, LayerTensors> layers;
    for (const ar::model::TensorEntry& t : header.tensors) {
      layers[t.name.substr(0, t.name.rfind('.'))].add(t.name, raw(header, t, file));
    }
    for (const auto& [name, tensors] : layers) read(api, config, name, tensors);
  } catch (const ar::base::Error&) {  // refused, as it should be
  }
  return 0;
}
