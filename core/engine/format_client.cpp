#include "core/engine/format_client.hpp"

#include <array>
#include <deque>
#include <utility>
#include <vector>

#include "ar/format.h"
#include "core/base/error.hpp"
#include "core/engine/host_services.hpp"
#include "core/engine/plugin_error.hpp"
#include "core/quant/boundary_scheme.hpp"
#include "core/tensor/view.hpp"

namespace ar::engine {
namespace {

/// Views of the planes that are there; addresses stay put.
class Planes {
 public:
  void add(const char* name, const at::Tensor& tensor) {
    if (tensor.defined()) add(name, tensor, tensor::boundary_dtype(tensor.scalar_type()));
  }
  void add(const char* name, const at::Tensor& tensor, ar_dtype dtype) {
    views_.emplace_back(name, tensor, dtype);
    raw_.push_back(views_.back().raw());
  }
  const ar_tensor* data() const { return raw_.data(); }
  size_t size() const { return raw_.size(); }

 private:
  std::deque<tensor::View> views_;
  std::vector<ar_tensor> raw_;
};

ar_layer boundary_layer(const std::string& name, const ar_scheme* scheme, int64_t out, int64_t in, bool conv1d) {
  ar_layer layer{};
  layer.struct_size = sizeof layer;
  layer.name = name.c_str();
  layer.scheme = scheme;
  layer.out_features = out;
  layer.in_features = in;
  layer.conv1d = conv1d ? 1 : 0;
  return layer;
}

/// Four-bit floats travel as bytes with a type of their own.
ar_dtype code_dtype(const quant::QuantizedWeight& w) {
  const std::string& type = w.scheme.data_type;
  const bool four_bit_float = w.scheme.bits == 4 && (type.rfind("mx_fp", 0) == 0 || type.rfind("nv", 0) == 0);
  return four_bit_float ? AR_DTYPE_F4_E2M1 : tensor::boundary_dtype(w.codes.scalar_type());
}

std::string subject(const plugin::Format& plugin) { return std::string("format ") + plugin.desc->id; }

}  // namespace

void check_format(const plugin::Format& plugin, const std::string& format, const quant::Scheme& scheme,
                  const std::string& where) {
  ar_error err{};
  const ar_scheme s = quant::boundary_scheme(scheme);
  require_ok(plugin.api.check(format.c_str(), &s, &err), err, plugin, where, base::Exit::kUsage);
}

std::string resolve_format(const plugin::Format& plugin, const std::string& format, const std::string& plan_json) {
  ar_error err{};
  std::array<char, 256> name{};
  require_ok(plugin.api.resolve(format.c_str(), plan_json.c_str(), name.data(), name.size(), &err), err, plugin,
             "--format " + format, base::Exit::kUsage);
  return name.data();
}

std::optional<std::string> choose_schemes(const plugin::Format& plugin, const std::string& format,
                                          const std::string& plan_json) {
  if (plugin.api.choose_schemes == nullptr) return std::nullopt;
  std::string chosen;
  const auto take = [](void* ctx, const char* json, size_t n_bytes) -> ar_status {
    static_cast<std::string*>(ctx)->assign(json, n_bytes);
    return AR_OK;
  };
  ar_error err{};
  require_ok(plugin.api.choose_schemes(format.c_str(), plan_json.c_str(), &chosen, take, &err), err, plugin,
             "--format " + format, base::Exit::kUsage);
  return chosen;
}

FormatWriter::FormatWriter(const plugin::Format& plugin, const std::string& plan_json, const ar_target* target)
    : plugin_(&plugin) {
  ar_error err{};
  const ar_status status = plugin.api.open(&host_services(), plan_json.c_str(), target, &writer_, &err);
  if (status == AR_OK) return;
  plugin.api.close(std::exchange(writer_, nullptr));
  const bool plan_refused = status == AR_UNSUPPORTED || status == AR_INVALID_ARGUMENT;  // options are read here at last
  require_ok(status, err, plugin, subject(plugin), plan_refused ? base::Exit::kUsage : base::Exit::kFailed);
}

FormatWriter::~FormatWriter() { plugin_->api.close(writer_); }

void FormatWriter::pack(const FormatLayer& layer, const ar_sink* sink) const {
  const quant::QuantizedWeight& w = layer.planes;
  Planes planes;
  planes.add("codes", w.codes, code_dtype(w));
  planes.add("scale", w.scale);
  planes.add("zero_point", w.zero_point);
  planes.add("global_scale", w.global_scale);
  planes.add("super_scale", w.super_scale);
  planes.add("super_min", w.super_min);
  planes.add("scale_codes", w.scale_codes);
  planes.add("min_codes", w.min_codes);
  planes.add("act_scale", w.act_scale);
  planes.add("act_global_scale", w.act_global_scale);
  planes.add("weight", layer.weight);
  Planes bias;
  bias.add("bias", layer.bias);
  const ar_scheme scheme = quant::boundary_scheme(w.scheme);
  ar_layer raw = boundary_layer(layer.name, &scheme, w.out, w.in, layer.conv1d);
  raw.planes = planes.data();
  raw.n_planes = planes.size();
  raw.bias = bias.size() != 0 ? bias.data() : nullptr;
  ar_error err{};
  require_ok(plugin_->api.pack(writer_, &raw, sink, &err), err, *plugin_, subject(*plugin_));
}

void FormatWriter::add(const std::string& name, const at::Tensor& tensor) {
  const tensor::View view(name, tensor);
  const ar_tensor raw = view.raw();
  ar_error err{};
  require_ok(plugin_->api.add(writer_, &raw, &err), err, *plugin_, subject(*plugin_));
}

bool FormatWriter::stores() const { return plugin_->api.store != nullptr; }

void FormatWriter::store(const StagedTensor& staged) {
  const at::Tensor bytes = tensor::from_bytes(staged.name, staged.dtype, staged.shape, staged.bytes.data(), staged.bytes.size());
  const tensor::View view(staged.name, bytes, staged.dtype);
  const ar_tensor raw = view.raw();
  ar_error err{};
  require_ok(plugin_->api.store(writer_, &raw, &err), err, *plugin_, subject(*plugin_));
}

void FormatWriter::finish() {
  ar_error err{};
  require_ok(plugin_->api.finish(writer_, &err), err, *plugin_, subject(*plugin_));
}

}  // namespace ar::engine
