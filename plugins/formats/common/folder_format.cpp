#include "common/folder_format.hpp"

#include "common/config_json.hpp"
#include "common/stored_tensor.hpp"

namespace ar::formats {

FolderFormat::FolderFormat(const char* id, const ar_host& host, const std::string& plan_json, const ar_target& target)
    : host_(&host), target_(&target), plan_(parse_object(plan_json, "the plan")) {
  const boost::json::object& options = object_member(plan_, "options");
  if (options.empty()) return;
  throw Error(AR_INVALID_ARGUMENT,
              "unknown option '" + std::string(options.begin()->key()) + "': " + id + " takes none");
}

void FolderFormat::add(const TensorView& tensor) { copy_tensor(*target_->sink, tensor.name(), tensor); }

std::string FolderFormat::asked() const { return std::string(string_member(plan_, "format")); }

ar_dtype FolderFormat::model_dtype() const {
  const std::string_view name = string_member(plan_, "dtype");
  if (name == "float32") return AR_DTYPE_F32;
  return name == "float16" ? AR_DTYPE_F16 : AR_DTYPE_BF16;
}

void FolderFormat::require_quantized(const LayerView& layer) {
  if (layer.scheme().bits >= 16) refuse_layer(layer, "is not quantized; an unquantized tensor is added, not packed");
}

void FolderFormat::write_configs(const boost::json::object& quantization, std::string_view announced_dtype) {
  if (quantization.empty()) announced_dtype = "";
  write_file("config.json",
             config_json(object_member(plan_, "config"), string_member(plan_, "dtype"), quantization, announced_dtype));
  if (!quantization.empty()) write_file("quantization_config.json", quantization_config_json(quantization));
}

void FolderFormat::write_file(const std::string& name, const std::string& text) {
  ar::write_file(*target_, name, text);
}

}  // namespace ar::formats
