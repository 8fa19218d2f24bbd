#pragma once

#include <string>

#include <boost/json/object.hpp>

#include "ar/cpp/format_plugin.hpp"

namespace ar::formats {

/// What the formats that write a folder for transformers have in common: the plan, tensors left as they are, and
/// config.json with quantization_config.json.
class FolderFormat {
 public:
  /// `id`: the plugin's, for messages. Throws ar::Error on a torn plan and on options, of which these formats take
  /// none.
  FolderFormat(const char* id, const ar_host& host, const std::string& plan_json, const ar_target& target);

  void add(const TensorView& tensor);

 protected:
  const ar_host& host() const { return *host_; }
  const boost::json::object& plan() const { return plan_; }
  /// The name the user asked for.
  std::string asked() const;
  /// Element type of unquantized tensors.
  ar_dtype model_dtype() const;

  /// Throws ar::Error: a layer of 16 bits is added, not packed.
  static void require_quantized(const LayerView& layer);
  /// Both files; config.json alone when `quantization` is empty. `announced_dtype`: see config_json.
  void write_configs(const boost::json::object& quantization, std::string_view announced_dtype);
  void write_file(const std::string& name, const std::string& text);

 private:
  const ar_host* host_;
  const ar_target* target_;
  boost::json::object plan_;
};

/// The name of a format that upstream writes instead where a layout has no place for quantized integer activations.
constexpr const char* kFake = "fake";

}  // namespace ar::formats
