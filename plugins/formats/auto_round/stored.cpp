#include "stored.hpp"

#include "common/float_layers.hpp"
#include "common/stored_config.hpp"

namespace ar::formats {
namespace {

namespace json = boost::json;

void require_integers(const std::string& layer, const Scheme& s) {
  const bool width = s.bits == 2 || s.bits == 3 || s.bits == 4 || s.bits == 8;
  if (width && s.group_size != 0 && s.group_size_rows == 0) return;
  throw Error(AR_INVALID_ARGUMENT, "layer '" + layer + "': quantization_config says bits " + std::to_string(s.bits) +
                                       ", group_size " + std::to_string(s.group_size) +
                                       "; stored integer layers have 2, 3, 4 or 8 bits and a group_size other than 0");
}

}  // namespace

bool owns_config(const json::object& config) {
  if (text_of(config, "quant_method") != "auto-round") return false;
  return stored_backend(text_of(config, "packing_format"), family(configured_scheme(config))) != nullptr;
}

Scheme stored_scheme(const json::object& config, const std::string& layer) {
  const Scheme scheme = configured_scheme(config, layer);
  switch (family(scheme)) {
    case Family::kInt: require_integers(layer, scheme); break;
    case Family::kFp: check_fp8_scheme("layer '" + layer + "'", scheme); break;
    case Family::kNone:
    case Family::kTwoLevel:
    case Family::kUnknown:
      throw Error(AR_INVALID_ARGUMENT, "layer '" + layer + "' is stored quantized, but quantization_config says bits " +
                                           std::to_string(scheme.bits) + ", data_type '" + scheme.data_type + "'");
    default: check_block_float_scheme("layer '" + layer + "'", scheme);
  }
  return scheme;
}

const Backend& required_backend(const json::object& config, const Scheme& scheme) {
  const std::string name = text_of(config, "packing_format");
  if (const Backend* backend = stored_backend(name, family(scheme))) return *backend;
  throw Error(AR_UNSUPPORTED, "packing_format '" + name + "' with data_type '" + scheme.data_type +
                                  "' is not one of the layouts that auto_round reads");
}

}  // namespace ar::formats
