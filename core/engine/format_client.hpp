#pragma once

#include <memory>
#include <optional>
#include <string>

#include <ATen/core/Tensor.h>

#include "core/engine/staging_sink.hpp"
#include "core/plugin/registry.hpp"
#include "core/quant/quantized_weight.hpp"

namespace ar::engine {

/// Everything a format may store of one linear layer.
struct FormatLayer {
  std::string name;  // path in the output without ".weight"
  quant::QuantizedWeight planes;
  at::Tensor weight;  // quantize-dequantized [out, in] in the tuning dtype, for formats that store it; may be undefined
  at::Tensor bias;    // undefined when there is none
  bool conv1d = false;  // stored [in, out]; `planes` and `weight` are [out, in] all the same
};

/// Refuses (exit 2) a scheme that cannot be stored under this format name, with the plugin's reason.
/// `where` names the flag or layer in the message.
void check_format(const plugin::Format& plugin, const std::string& format, const quant::Scheme& scheme,
                  const std::string& where);

/// The name of what will be written ("auto_round:auto_gptq" for "auto_round"). Refuses with the plugin's reason.
std::string resolve_format(const plugin::Format& plugin, const std::string& format, const std::string& plan_json);

/// The JSON object of ar_format_api.choose_schemes; nothing when the format takes every scheme as it comes.
std::optional<std::string> choose_schemes(const plugin::Format& plugin, const std::string& format,
                                          const std::string& plan_json);

/// One open writer of a format plugin; closed by the destructor. Failures are base::Error and name the plugin.
class FormatWriter {
 public:
  /// `target` must outlive this object.
  FormatWriter(const plugin::Format& plugin, const std::string& plan_json, const ar_target* target);
  ~FormatWriter();
  FormatWriter(const FormatWriter&) = delete;
  FormatWriter& operator=(const FormatWriter&) = delete;

  void pack(const FormatLayer& layer, const ar_sink* sink) const;  // [any]
  void add(const std::string& name, const at::Tensor& tensor);     // [serial]
  /// Whether packed tensors come back through store() instead of going to the target's shards.
  bool stores() const;
  void store(const StagedTensor& staged);                          // [serial]
  void finish();                                                   // [serial]

 private:
  const plugin::Format* plugin_;
  ar_writer* writer_ = nullptr;
};

}  // namespace ar::engine
