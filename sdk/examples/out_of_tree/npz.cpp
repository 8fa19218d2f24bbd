// A one-file format: codes, scales, zero points and what else a quantized layer has, as one NumPy archive.
//   z = numpy.load("MODEL.npz"); z["model.layers.0.mlp.up_proj.codes"]
// Types NumPy does not have (bfloat16 scales) become float32; eight-bit floats and packed exponents stay bytes.
#include <memory>
#include <string>
#include <vector>

#include "ar/c/helpers.h"
#include "ar/cpp/format_plugin.hpp"
#include "zip_file.hpp"

namespace {

/// NumPy's name of an element type; "" for those it does not have.
std::string numpy_type(ar_dtype dtype) {
  switch (dtype) {
    case AR_DTYPE_U8:
    case AR_DTYPE_F8_E4M3:
    case AR_DTYPE_F8_E5M2:
    case AR_DTYPE_F8_E8M0:
    case AR_DTYPE_F4_E2M1: return "|u1";
    case AR_DTYPE_I64: return "<i8";
    case AR_DTYPE_F16: return "<f2";
    case AR_DTYPE_F32: return "<f4";
    default: return "";
  }
}

/// An .npy file of version 1.0: the header fills up to a multiple of 64 bytes.
std::string npy(const ar::TensorView& t) {
  std::string shape;
  for (const int64_t n : t.shape()) shape += std::to_string(n) + ",";
  std::string header = "{'descr': '" + numpy_type(t.dtype()) + "', 'fortran_order': False, 'shape': (" + shape + "), }";
  constexpr std::size_t kMagic = 10;
  header.append(63 - (kMagic + header.size()) % 64, ' ');
  header += '\n';
  std::string file = "\x93NUMPY";
  file += '\1';
  file += '\0';
  file += static_cast<char>(header.size() & 0xFFU);
  file += static_cast<char>(header.size() >> 8U);
  file += header;
  return file.append(static_cast<const char*>(t.bytes()), t.n_bytes());
}

void write_widened(const ar::TensorView& t, const std::string& name, const ar_sink& sink) {
  std::vector<uint32_t> values;
  for (const uint16_t half : t.elements<uint16_t>(AR_DTYPE_BF16)) values.push_back(static_cast<uint32_t>(half) << 16U);
  ar::write_tensor(sink, name, AR_DTYPE_F32, t.shape(), values);
}

void write_plane(const ar::TensorView& t, const std::string& name, const ar_sink& sink) {
  if (t.dtype() == AR_DTYPE_BF16) return write_widened(t, name, sink);
  if (numpy_type(t.dtype()).empty()) {
    throw ar::Error(AR_UNSUPPORTED,
                    "'" + name + "' has elements of type " + ar::dtype_name(t.dtype()) + ", which NumPy does not have");
  }
  ar::write_tensor(sink, name, t.dtype(), t.shape(), t.bytes(), t.n_bytes());
}

class Npz {
 public:
  static void check(const std::string& format, const ar_scheme&) {
    if (format != "npz") throw ar::Error(AR_UNSUPPORTED, "format '" + format + "': accepted is npz, without a colon");
  }
  static std::string resolve(const std::string& format, const std::string&) { return format; }

  Npz(const ar_host&, const std::string& plan_json, const ar_target& target) {
    ar_error err{};
    ar::require_ok(ar_refuse_options(plan_json.c_str(), &err), err, "open");
    std::size_t length = 0;
    const char* model = ar_json_member(plan_json.c_str(), "model", &length);
    if (model == nullptr || length < 2) throw ar::Error(AR_INVALID_ARGUMENT, "the plan has no 'model'");
    const std::string name(model + 1, length - 2);  // without its quotes
    zip_ = std::make_unique<ZipFile>(target, (name.empty() ? "model" : name) + ".npz");
  }

  void pack(const ar::LayerView& layer, const ar_sink& sink) const {
    layer.plane("codes");  // refuses a layer that has none
    const ar_layer& raw = layer.raw();
    for (std::size_t i = 0; i < raw.n_planes; ++i) {
      const ar::TensorView plane(raw.planes[i]);
      if (std::string(plane.name()) == "weight") continue;
      write_plane(plane, layer.name() + "." + plane.name(), sink);
    }
    if (layer.has_bias()) write_plane(layer.bias(), layer.name() + ".bias", sink);
    const ar_scheme& s = layer.scheme();
    const std::vector<int64_t> scheme = {s.bits, s.group_size, s.sym};
    ar::write_tensor(sink, layer.name() + ".scheme", AR_DTYPE_I64, {3}, scheme);
  }

  void store(const ar::TensorView& tensor) { zip_->add(std::string(tensor.name()) + ".npy", npy(tensor)); }
  void add(const ar::TensorView&) {}
  void finish() { zip_->finish(); }

 private:
  std::unique_ptr<ZipFile> zip_;
};

constexpr const char* kCapabilities[] = {"*", nullptr};
constexpr ar_plugin_desc kDesc = {sizeof(ar_plugin_desc),
                                  AR_SDK_MAJOR,
                                  AR_SDK_MINOR,
                                  AR_KIND_FORMAT,
                                  0,
                                  "npz",
                                  nullptr,
                                  "Codes, scales and zero points as a NumPy archive",
                                  "1.0",
                                  "",
                                  kCapabilities,
                                  &ar::FormatPlugin<Npz>::kApi};

}  // namespace

AR_PLUGIN(npz, &kDesc)
