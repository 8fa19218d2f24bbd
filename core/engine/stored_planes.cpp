#include "core/engine/stored_planes.hpp"

#include <algorithm>
#include <limits>
#include <vector>

#include <fmt/ranges.h>

#include <ATen/ops/isfinite.h>

#include "core/base/error.hpp"

namespace ar::engine {
namespace {

class PlaneCheck {
 public:
  PlaneCheck(const quant::QuantizedWeight& w, const std::string& layer) : w_(w), layer_(layer) {}

  void run() const {
    const quant::Scheme& s = w_.scheme;
    if (s.bits >= 16) return check_activations();
    if (s.bits < 1 || s.bits > 8) base::fail("layer '{}': stored with {} bits; read are 1 to 8", layer_, s.bits);
    if (s.group_size < -1 || s.group_size_rows < 0 || (s.group_size_rows > 0 && s.group_size < 1)) {
      base::fail("layer '{}': stored with group_size {} x {}", layer_, s.group_size_rows, s.group_size);
    }
    check_codes();
    if (s.super_bits)
      check_two_level();
    else
      check_scale();
    check_activations();
  }

 private:
  void check_activations() const {
    for (const auto& [name, plane] : {std::pair{"global_scale", &w_.global_scale}, {"act_scale", &w_.act_scale},
                                      {"act_global_scale", &w_.act_global_scale}}) {
      if (plane->defined()) check_positive(name, *plane);
    }
  }

  void check_codes() const {
    if (!w_.codes.defined()) missing("codes");
    if (w_.codes.dim() != 2) base::fail("layer '{}': its codes are no matrix", layer_);
    if (w_.codes.size(0) != w_.out || w_.codes.size(1) != w_.in) {
      base::fail("layer '{}' is stored as {} x {}; the model has {} x {}", layer_, w_.codes.size(0), w_.codes.size(1),
                 w_.out, w_.in);
    }
    if (w_.codes.scalar_type() != at::kByte) return require_finite("codes", w_.codes);
    const int64_t top = (int64_t{1} << w_.scheme.bits) - 1;
    const int64_t largest = w_.codes.numel() == 0 ? 0 : w_.codes.max().item<int64_t>();
    if (largest > top) base::fail("layer '{}': code {} does not fit {} bits", layer_, largest, w_.scheme.bits);
  }

  void check_scale() const {
    const std::vector<int64_t> shape = scale_shape();
    require("scale", w_.scale, shape);
    require_finite("scale", w_.scale);
    if (!w_.zero_point.defined()) {
      if (!w_.scheme.sym && w_.scheme.data_type.compare(0, 3, "int") == 0) missing("zero_point");
      return;
    }
    require("zero_point", w_.zero_point, shape);
    require_finite("zero_point", w_.zero_point);
  }

  void check_two_level() const {
    const int64_t groups = ceil_div(w_.in, group());
    const int64_t supers = ceil_div(groups, std::max(1, w_.scheme.super_group_size.value_or(1)));
    require("super_scale", w_.super_scale, {w_.out, supers});
    require_finite("super_scale", w_.super_scale);
    require("scale_codes", w_.scale_codes, {w_.out, groups});
    if (w_.scheme.sym) return;
    require("super_min", w_.super_min, {w_.out, supers});
    require_finite("super_min", w_.super_min);
    require("min_codes", w_.min_codes, {w_.out, groups});
  }

  /// ar/format.h, ar_layer.
  std::vector<int64_t> scale_shape() const {
    const quant::Scheme& s = w_.scheme;
    if (s.group_size == 0) return {1};
    if (s.group_size_rows > 0) return {ceil_div(w_.out, s.group_size_rows), ceil_div(w_.in, s.group_size)};
    return {w_.out, ceil_div(w_.in, group())};
  }

  int64_t group() const { return w_.scheme.group_size > 0 ? w_.scheme.group_size : std::max<int64_t>(1, w_.in); }
  static int64_t ceil_div(int64_t a, int64_t b) { return a / b + (a % b != 0 ? 1 : 0); }

  [[noreturn]] void missing(const char* plane) const { base::fail("layer '{}': its {} was not read", layer_, plane); }

  void require(const char* name, const at::Tensor& plane, const std::vector<int64_t>& shape) const {
    if (!plane.defined()) missing(name);
    if (plane.sizes() == at::IntArrayRef(shape)) return;
    base::fail("layer '{}': its {} is [{}]; the model and the stored scheme need [{}]", layer_, name,
               fmt::join(plane.sizes().vec(), ", "), fmt::join(shape, ", "));
  }

  void require_finite(const char* name, const at::Tensor& plane) const {
    if (at::isfinite(plane.to(at::kFloat)).all().item<bool>()) return;
    base::fail("layer '{}': its {} holds NaN or infinity", layer_, name);
  }

  void check_positive(const char* name, const at::Tensor& plane) const {
    require(name, plane, {1});
    const auto value = plane.to(at::kFloat).item<float>();
    if (!(value > 0.0F) || !(value < std::numeric_limits<float>::infinity())) {
      base::fail("layer '{}': its {} is {}; must be positive", layer_, name, value);
    }
  }

  const quant::QuantizedWeight& w_;
  const std::string& layer_;
};

}  // namespace

void check_planes(const quant::QuantizedWeight& weight, const std::string& layer) { PlaneCheck(weight, layer).run(); }

}  // namespace ar::engine
