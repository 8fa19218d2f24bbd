#include "core/quant/scheme.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <tuple>

#include "core/base/error.hpp"
#include "core/base/log.hpp"
#include "core/quant/scheme_presets.hpp"
#include "core/quant/scheme_recipe.hpp"

namespace ar::quant {
namespace {

constexpr int kUnquantizedBits = 16;
// In this order: "mx_fp" before "fp" matters for no name, but upstream's order decides ties (data_types.md 1.5).
constexpr std::array<std::string_view, 5> kFamilies = {"int", "mx_fp", "fp", "nv_fp", "mx_int"};

bool starts_with(std::string_view text, std::string_view prefix) { return text.substr(0, prefix.size()) == prefix; }
bool ends_with(std::string_view text, std::string_view suffix) {
  return text.size() >= suffix.size() && text.substr(text.size() - suffix.size()) == suffix;
}
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_family(std::string_view type) { return std::find(kFamilies.begin(), kFamilies.end(), type) != kFamilies.end(); }

std::string upper(std::string text) {
  const auto blank = [](char c) { return c == '\'' || c == '"' || std::isspace(static_cast<unsigned char>(c)) != 0; };
  text.erase(std::remove_if(text.begin(), text.end(), blank), text.end());
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::toupper(c); });
  return text;
}

/// The spellings of the user guide, as written in files ("nvfp4" is nv_fp4, "mxfp_rceil" is mx_fp_rceil).
std::string canonical_type(std::string type) {
  std::transform(type.begin(), type.end(), type.begin(), [](unsigned char c) { return std::tolower(c); });
  if (type == "nvfp4") return "nv_fp4";
  if (starts_with(type, "mxfp")) return "mx_fp" + type.substr(4);
  if (starts_with(type, "mxint")) return "mx_int" + type.substr(5);
  return type;
}

/// Makes bits and type agree: a count in the name wins, and "int8" becomes "int" (data_types.md 1.4, steps 5 and 8).
void reconcile(std::string& type, int& bits, const char* what) {
  type = canonical_type(type);
  const std::optional<int> named = type_bits(type);
  if (!named || *named >= kUnquantizedBits) return;
  if (*named != bits) {
    base::warning_once("{} {} says {} bits, but {} bits were asked for: {} bits are used", what, type, *named, bits,
                       *named);
    bits = *named;
  }
  const std::string digits = std::to_string(*named);
  if (ends_with(type, digits) && is_family(std::string_view(type).substr(0, type.size() - digits.size()))) {
    type.resize(type.size() - digits.size());
  }
}

template <typename T>
void lay(std::optional<T>& field, const std::optional<T>& over) {
  if (over) field = over;
}

SchemeOverride lay_over(SchemeOverride fields, const SchemeOverride& over) {
  lay(fields.bits, over.bits);
  lay(fields.group_size, over.group_size);
  // A plain group size replaces a 2-D one.
  if (over.group_size) fields.group_size_rows = over.group_size_rows.value_or(0);
  lay(fields.sym, over.sym);
  lay(fields.data_type, over.data_type);
  lay(fields.act_bits, over.act_bits);
  lay(fields.act_group_size, over.act_group_size);
  lay(fields.act_sym, over.act_sym);
  lay(fields.act_dynamic, over.act_dynamic);
  lay(fields.act_data_type, over.act_data_type);
  lay(fields.super_bits, over.super_bits);
  lay(fields.super_group_size, over.super_group_size);
  return fields;
}

const Preset& find_preset(const std::string& name) {
  std::string key = upper(name);
  if (key == "INT8_W8A8") base::warning_once("scheme INT8_W8A8 is deprecated, use INT8");
  for (const Preset& p : presets()) {
    if (p.name == key) return p;
  }
  std::string known;
  for (const std::string& n : preset_names()) known += (known.empty() ? "" : ", ") + n;
  base::refuse("scheme {} is not supported, only {} are supported", name, known);
}

/// The two-level integer types are defined by GGUF's table.
void fill_super(Scheme& s) {
  if (!ends_with(s.data_type, "_dq") || (s.super_bits && s.super_group_size)) return;
  for (const Preset& p : presets()) {
    if (!starts_with(p.name, "GGUF:") || p.bits != s.bits || !p.super_bits) continue;
    s.super_bits = s.super_bits ? s.super_bits : p.super_bits;
    s.super_group_size = s.super_group_size ? s.super_group_size : p.super_group_size;
    return;
  }
  base::refuse("data type {} exists with 2, 3, 4, 5 and 6 bits, not with {}", s.data_type, s.bits);
}

/// Steps 4 to 8 of data_types.md 1.4: every unset field gets its derived value.
Scheme complete(const SchemeOverride& f) {
  Scheme s;
  s.bits = f.bits.value_or(s.bits);
  s.group_size = f.group_size.value_or(s.group_size);
  s.group_size_rows = f.group_size_rows.value_or(0);
  s.sym = f.sym.value_or(true);
  s.data_type = f.data_type.value_or("int");
  s.act_dynamic = f.act_dynamic.value_or(true);
  reconcile(s.data_type, s.bits, "data type");
  if (s.group_size_rows > 0 && !f.act_group_size && s.data_type == "fp" && s.bits == 8) {
    base::refuse("act_group_size must be one number: give it, it cannot be inherited from group_size {},{}",
                 s.group_size_rows, s.group_size);
  }
  s.act_group_size = f.act_group_size.value_or(s.group_size);
  s.act_bits = f.act_bits.value_or(kUnquantizedBits);
  if (s.act_bits == 0) s.act_bits = kUnquantizedBits;
  s.act_sym = f.act_sym.value_or(s.sym);
  const bool inherits = is_family(s.data_type) && s.act_bits < kUnquantizedBits;
  s.act_data_type = f.act_data_type.value_or(inherits ? s.data_type : "float");
  reconcile(s.act_data_type, s.act_bits, "activation data type");
  s.super_bits = f.super_bits;
  s.super_group_size = f.super_group_size;
  fill_super(s);
  return s;
}

auto weight_fields(const Scheme& s) {
  return std::tie(s.bits, s.group_size, s.group_size_rows, s.sym, s.data_type, s.super_bits, s.super_group_size);
}
auto act_fields(const Scheme& s) {
  return std::tie(s.act_bits, s.act_group_size, s.act_sym, s.act_dynamic, s.act_data_type);
}

}  // namespace

bool operator==(const Scheme& a, const Scheme& b) {
  if (weight_fields(a) != weight_fields(b)) return false;
  const bool no_act = a.act_bits >= kUnquantizedBits && b.act_bits >= kUnquantizedBits;
  return no_act || act_fields(a) == act_fields(b);
}

bool SchemeOverride::any() const {
  return bits || group_size || group_size_rows || sym || data_type || act_bits || act_group_size || act_sym ||
         act_dynamic || act_data_type || super_bits || super_group_size || scale_dtype;
}

const std::vector<std::string>& preset_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> out;
    for (const Preset& p : presets()) out.push_back(p.name);
    return out;
  }();
  return names;
}

Scheme preset(const std::string& name) { return complete(find_preset(name)); }

SchemeOverride preset_fields(const std::string& name) { return find_preset(name); }

std::string preset_name(const Scheme& scheme) {
  for (const Preset& p : presets()) {
    const bool ambiguous = starts_with(p.name, "GGUF:") && (ends_with(p.name, "_0") || ends_with(p.name, "_1"));
    if (!ambiguous && complete(p) == scheme) return p.name;
  }
  return "";
}

std::optional<int> type_bits(std::string_view type) {
  for (const std::string_view family : kFamilies) {
    if (type.size() <= family.size() || !starts_with(type, family)) continue;
    const std::string_view rest = type.substr(family.size());
    if (!is_digit(rest[0])) continue;
    if (rest.size() > 1 && is_digit(rest[1])) return (rest[0] - '0') * 10 + (rest[1] - '0');
    return rest[0] - '0';
  }
  return std::nullopt;
}

Scheme resolve(const std::string& name, const SchemeOverride& override_) {
  std::string base_name = upper(name);
  SchemeOverride over = override_;
  over.scale_dtype.reset();  // not a field of a scheme
  if (over.data_type && ends_with(*over.data_type, "_dq") && !starts_with(base_name, "GGUF:")) {
    if (!over.bits) base::refuse("--data_type {} needs --bits as well (2, 3, 4, 5 or 6)", *over.data_type);
    base_name = fmt::format("GGUF:Q{}_K{}", *over.bits, *over.bits == 6 ? "" : "_S");
  }
  if (starts_with(base_name, "GGUF") && over.any()) {
    base::warning("scheme {} fixes every field: the options that override scheme fields are ignored", base_name);
    over = {};
  }
  const Preset& base_fields = find_preset(base_name);
  if (!recipe(base_name).empty() && (over.bits || over.data_type)) {
    base::refuse("{}: scheme {} sets it for every layer; leave it out, or change single layers with --layer_config",
                 over.bits ? fmt::format("--bits {}", *over.bits) : "--data_type " + *over.data_type, base_name);
  }
  Scheme s = complete(lay_over(base_fields, over));
  validate(s, "--scheme " + base_fields.name);
  return s;
}

Scheme apply(const Scheme& base, const SchemeOverride& over) {
  SchemeOverride f = {base.bits,        base.group_size,    base.group_size_rows, base.sym,
                      base.data_type,   base.act_bits,      base.act_group_size,  base.act_sym,
                      base.act_dynamic, base.act_data_type, base.super_bits,      base.super_group_size,
                      std::nullopt};
  f = lay_over(f, over);
  // A width in the type's name counts when the entry itself names no bits.
  if (over.data_type && !over.bits) {
    if (const auto bits = type_bits(canonical_type(*over.data_type))) f.bits = bits;
  }
  if (over.act_data_type && !over.act_bits) {
    if (const auto bits = type_bits(canonical_type(*over.act_data_type))) f.act_bits = bits;
  }
  if (over.data_type && !ends_with(*over.data_type, "_dq")) {
    f.super_bits = over.super_bits;
    f.super_group_size = over.super_group_size;
  }
  return complete(f);
}

}  // namespace ar::quant
