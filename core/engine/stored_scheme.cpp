#include "core/engine/stored_scheme.hpp"

#include <array>
#include <cstring>
#include <memory>

#include "core/base/error.hpp"
#include "core/base/json.hpp"
#include "core/engine/plugin_error.hpp"
#include "core/engine/sink_guard.hpp"

namespace ar::engine {
namespace {

/// A sink that keeps what describes a layer, drops planes, and stops the plugin when the layer is described.
class SchemeProbe {
 public:
  explicit SchemeProbe(const std::string& layer) : layer_(layer), table_{sizeof(ar_sink), this, begin, write, end} {}

  const ar_sink* sink() const { return &table_; }
  const std::optional<quant::Scheme>& found() const { return found_; }

 private:
  static SchemeProbe& self(void* ctx) { return *static_cast<SchemeProbe*>(ctx); }

  static ar_status begin(void* ctx, const char* name, ar_dtype dtype, const int64_t* shape, int32_t n_dims,
                         void** handle, ar_error* err) {
    if (self(ctx).found_) return AR_CANCELLED;
    return sink_guard(err, [&] {
      const Announced announced = check_announced(name, dtype, shape, n_dims);
      *handle = new StagedTensor{name, dtype, announced.shape, {}};
    });
  }
  static ar_status write(void*, void* handle, const void* bytes, size_t n_bytes, ar_error* err) {
    return sink_guard(err, [&] {
      auto& tensor = *static_cast<StagedTensor*>(handle);
      if (tensor.name.compare(0, 6, "scheme") != 0) return;
      if (tensor.bytes.size() + n_bytes > kMostBytes) throw InvalidArgument(tensor.name + ": too long for a scheme");
      const auto* from = static_cast<const std::byte*>(bytes);
      tensor.bytes.insert(tensor.bytes.end(), from, from + n_bytes);
    });
  }
  static ar_status end(void* ctx, void* handle, ar_error* err) {
    SchemeProbe& probe = self(ctx);
    const std::unique_ptr<StagedTensor> tensor(static_cast<StagedTensor*>(handle));
    const ar_status status = sink_guard(err, [&] { probe.found_ = described_scheme(*tensor, probe.layer_); });
    return status == AR_OK && probe.found_ ? AR_CANCELLED : status;
  }

  static constexpr std::size_t kMostBytes = 1U << 16U;
  const std::string& layer_;
  ar_sink table_;
  std::optional<quant::Scheme> found_;
};

int small(const base::JsonCursor& json, const char* key, int fallback) {
  const int64_t value = json.get_int(key, fallback);
  if (value < 0 || value > 64) json.fail(fmt::format("has {} {}; expected 0 to 64", key, value));
  return static_cast<int>(value);
}

void read_group_size(const base::JsonCursor& json, quant::Scheme& s) {
  const base::JsonCursor size = json.at("group_size");
  if (!size.is_array()) {
    s.group_size = size.as_int();
    return;
  }
  if (size.size() != 2) size.fail("must be a number or two, rows and columns");
  s.group_size_rows = size.at(std::size_t{0}).as_int();
  s.group_size = size.at(std::size_t{1}).as_int();
}

quant::Scheme integer_scheme(const StagedTensor& tensor, const std::string& layer) {
  std::array<int64_t, 3> stored{};
  if (tensor.dtype != AR_DTYPE_I64 || tensor.bytes.size() != sizeof stored) {
    base::fail("layer '{}': a stored scheme of {} bytes", layer, tensor.bytes.size());
  }
  std::memcpy(stored.data(), tensor.bytes.data(), sizeof stored);
  if (stored[0] < 1 || stored[0] > 16) base::fail("layer '{}': stored with {} bits; read are 1 to 8", layer, stored[0]);
  quant::Scheme s;
  s.bits = static_cast<int>(stored[0]);
  s.group_size = stored[1];
  s.sym = stored[2] != 0;
  return s;
}

}  // namespace

const plugin::Format* find_owner(plugin::Registry& registry, const std::string& quantization_config) {
  for (const plugin::Format* candidate : registry.formats()) {
    const int32_t owned = candidate->api.owns(quantization_config.c_str());
    if (owned == 1 || owned == 2) return candidate;
  }
  return nullptr;
}

const plugin::Format& require_owner(plugin::Registry& registry, const std::string& quantization_config) {
  if (const plugin::Format* owner = find_owner(registry, quantization_config)) return *owner;
  const auto json = base::parse_json(quantization_config, "quantization_config");
  const base::JsonCursor config(json, "quantization_config");
  base::refuse("no format plugin reads a checkpoint with quant_method '{}' and packing_format '{}'",
               config.get_string("quant_method", ""), config.get_string("packing_format", ""));
}

quant::Scheme parse_stored_scheme(const base::JsonCursor& json) {
  quant::Scheme s;
  s.bits = small(json, "bits", 0);
  read_group_size(json, s);
  s.sym = json.get_bool("sym", true);
  s.data_type = json.get_string("data_type");
  s.act_bits = small(json, "act_bits", 16);
  s.act_group_size = json.get_int("act_group_size", s.act_group_size);
  s.act_sym = json.get_bool("act_sym", s.act_sym);
  s.act_dynamic = json.get_bool("act_dynamic", s.act_dynamic);
  s.act_data_type = json.get_string("act_data_type", s.act_data_type);
  if (json.find("super_bits")) s.super_bits = small(json, "super_bits", 0);
  if (json.find("super_group_size")) s.super_group_size = small(json, "super_group_size", 0);
  return s;
}

std::optional<quant::Scheme> described_scheme(const StagedTensor& tensor, const std::string& layer) {
  if (tensor.name == "scheme") return integer_scheme(tensor, layer);
  if (tensor.name != "scheme_json") return std::nullopt;
  const std::string text(reinterpret_cast<const char*>(tensor.bytes.data()), tensor.bytes.size());
  const std::string where = fmt::format("stored scheme of layer '{}'", layer);
  const auto value = base::parse_json(text, where);
  return parse_stored_scheme({value, where});
}

quant::Scheme stored_scheme(const plugin::Format& plugin, const std::string& quantization_config,
                            const std::string& layer, const LayerTensors& tensors) {
  ar_layer asked{};
  asked.struct_size = sizeof asked;
  asked.name = layer.c_str();
  const SchemeProbe probe(layer);
  ar_error err{};
  const ar_status status = plugin.api.read_layer(quantization_config.c_str(), &asked, tensors.data(), tensors.size(),
                                                 probe.sink(), &err);
  if (probe.found()) return *probe.found();
  require_ok(status, err, plugin, "layer '" + layer + "'");
  base::fail("layer '{}': format plugin '{}' did not say how it is stored: a bug in that plugin", layer,
             plugin.desc->id);
}

}  // namespace ar::engine
