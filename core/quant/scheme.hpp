#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ar::quant {

/// A resolved scheme (data_types.md 1.1). bits >= 16 leaves the weight alone.
struct Scheme {
  int bits = 4;
  int64_t group_size = 128;     // > 0 columns, -1 one group a row, 0 one group a tensor
  int64_t group_size_rows = 0;  // > 0: 2-D blocks of rows x group_size
  bool sym = true;
  std::string data_type = "int";
  int act_bits = 16;
  int64_t act_group_size = 128;
  bool act_sym = true;
  bool act_dynamic = true;
  std::string act_data_type = "float";
  std::optional<int> super_bits;
  std::optional<int> super_group_size;

  bool quantized() const { return bits <= 8 || act_bits <= 8; }
};

bool operator==(const Scheme& a, const Scheme& b);  // act_* ignored when neither quantizes activations
inline bool operator!=(const Scheme& a, const Scheme& b) { return !(a == b); }

/// What a user may set, on the command line or in a layer entry; unset fields keep the base's value.
struct SchemeOverride {
  std::optional<int> bits;
  std::optional<int64_t> group_size;
  std::optional<int64_t> group_size_rows;
  std::optional<bool> sym;
  std::optional<std::string> data_type;
  std::optional<int> act_bits;
  std::optional<int64_t> act_group_size;
  std::optional<bool> act_sym;
  std::optional<bool> act_dynamic;
  std::optional<std::string> act_data_type;
  std::optional<int> super_bits;
  std::optional<int> super_group_size;
  std::optional<std::string> scale_dtype;
  bool any() const;
};

/// All preset names in upstream's order.
const std::vector<std::string>& preset_names();
/// Case-insensitive; refuses an unknown name and lists the known ones.
Scheme preset(const std::string& name);
/// Combines a preset name and overrides (data_types.md 1.4) and validates the result (1.7).
Scheme resolve(const std::string& name, const SchemeOverride& override_);
/// Lays an override over an already resolved scheme (layer entries).
Scheme apply(const Scheme& base, const SchemeOverride& override_);
/// The fields a preset sets by itself; a layer entry takes the others from the model's scheme.
SchemeOverride preset_fields(const std::string& name);
/// The first preset whose fields equal the scheme's, "" when none does. GGUF types of 32-blocks (Q4_0 ...) are never
/// named: their fields are those of an ordinary integer scheme.
std::string preset_name(const Scheme& scheme);
/// The bit count a type name carries ("mx_fp4" 4, "fp8_e5m2" 8, "int_sym_dq" none; data_types.md 1.5).
std::optional<int> type_bits(std::string_view data_type);
/// Refuses impossible values with the sentences of data_types.md 1.7; `where` names the flag or layer.
void validate(const Scheme& scheme, const std::string& where);

}  // namespace ar::quant
