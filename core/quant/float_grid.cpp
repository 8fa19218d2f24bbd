#include "core/quant/float_grid.hpp"

#include <array>

#include "core/base/error.hpp"

namespace ar::quant {
namespace {

bool drop_suffix(std::string_view& text, std::string_view suffix) {
  if (text.size() < suffix.size() || text.substr(text.size() - suffix.size()) != suffix) return false;
  text.remove_suffix(suffix.size());
  return true;
}

struct NamedFormat {
  std::string_view name;
  int bits;  // the family name alone takes them from the scheme
  FloatFormat format;
};

/// First of equal bits: the format that the bare family name stands for.
constexpr std::array kMxElements{
    NamedFormat{"mx_fp4", 4, kE2M1},     NamedFormat{"mx_fp4e2m1", 4, kE2M1}, NamedFormat{"mx_fp6", 6, kE2M3},
    NamedFormat{"mx_fp6e2m3", 6, kE2M3}, NamedFormat{"mx_fp6e3m2", 6, kE3M2}, NamedFormat{"mx_fp8", 8, kE4M3},
    NamedFormat{"mx_fp8e4m3", 8, kE4M3}, NamedFormat{"mx_fp8e5m2", 8, kE5M2},
};

std::optional<FloatKind> mx_kind(std::string_view name, int bits) {
  ScaleRule rule = ScaleRule::kMxFloor;
  if (drop_suffix(name, "_rceil_v2")) {
    if (name != "mx_fp4" || bits != 4) return std::nullopt;
    rule = ScaleRule::kMxCeil725;
  } else if (drop_suffix(name, "_rceil")) {
    rule = ScaleRule::kMxCeil;
  }
  if ((name == "mx_int" || name == "mx_int4") && bits == 4) return FloatKind{kInt4, rule, Slope::kOneButZero};
  for (const NamedFormat& element : kMxElements)
    if (element.bits == bits && (name == element.name || name == "mx_fp"))
      return FloatKind{element.format, rule, Slope::kRelative};
  return std::nullopt;
}

std::string_view groups_accepted(ScaleRule rule) {
  if (rule == ScaleRule::kNv) return "16";
  if (rule == ScaleRule::kUe5m3) return "16 and 32";
  return is_mx(rule) ? "-1 and above 0" : "-1, 0 and above";
}

bool accepts(ScaleRule rule, int64_t group_size) {
  if (rule == ScaleRule::kNv) return group_size == 16;
  if (rule == ScaleRule::kUe5m3) return group_size == 16 || group_size == 32;
  return group_size > 0 || group_size == -1 || (group_size == 0 && !is_mx(rule));
}

}  // namespace

std::optional<FloatKind> float_kind(std::string_view name, int bits) {
  if (name.substr(0, 3) == "mx_") return mx_kind(name, bits);
  if (bits == 4 && (name == "nv_fp" || name == "nv_fp4" || name == "nv_fp4_with_static_gs"))
    return FloatKind{kE2M1, ScaleRule::kNv, Slope::kOneButZero};
  if (bits == 4 && name == "nvfp4_v2") return FloatKind{kE2M1, ScaleRule::kUe5m3, Slope::kOneButZero};
  if (bits == 8 && (name == "fp" || name == "fp8" || name == "fp8_sym" || name == "fp8_e4m3"))
    return FloatKind{kE4M3, ScaleRule::kFp, Slope::kOne};
  if (bits == 8 && name == "fp8_e5m2") return FloatKind{kE5M2, ScaleRule::kFp, Slope::kOne};
  return std::nullopt;
}

FloatGrid make_float_grid(const FloatKind& kind, int64_t group_size, int64_t group_size_rows, int64_t out, int64_t in) {
  FloatGrid grid;
  grid.kind = kind;
  grid.blocks = group_size_rows > 0;
  const bool whole = group_size == 0;
  grid.rows = whole ? 1 : out;
  grid.cols = whole ? out * in : in;
  grid.group = group_size <= 0 || group_size > in ? std::max<int64_t>(1, grid.cols) : group_size;
  grid.group_rows = grid.blocks ? group_size_rows : 1;
  return grid;
}

FloatGrid weight_grid(const Scheme& scheme, int64_t out, int64_t in) {
  const auto kind = float_kind(scheme.data_type, scheme.bits);
  if (!kind) base::refuse("data_type {} of {} bits is no floating point type", scheme.data_type, scheme.bits);
  if (!accepts(kind->rule, scheme.group_size))
    base::refuse("group_size {}: {} takes {}", scheme.group_size, scheme.data_type, groups_accepted(kind->rule));
  if (scheme.group_size_rows > 0 && (kind->rule != ScaleRule::kFp || scheme.group_size <= 0))
    base::refuse("group_size [{}, {}]: {} takes {}", scheme.group_size_rows, scheme.group_size, scheme.data_type,
                 kind->rule == ScaleRule::kFp ? "two positive numbers" : "one number");
  return make_float_grid(*kind, scheme.group_size, scheme.group_size_rows, out, in);
}

}  // namespace ar::quant
