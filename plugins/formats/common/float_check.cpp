#include "common/float_layers.hpp"

namespace ar::formats {
namespace {

[[noreturn]] void refuse(const std::string& text) { throw Error(AR_UNSUPPORTED, text); }

std::string shown_group(const Scheme& s) {
  if (s.group_size_rows == 0) return std::to_string(s.group_size);
  return "[" + std::to_string(s.group_size_rows) + ", " + std::to_string(s.group_size) + "]";
}

void require_group(const std::string& format, const Scheme& s, int64_t group) {
  if (s.group_size_rows == 0 && s.group_size == group) return;
  refuse("group_size " + shown_group(s) + ": " + format + " stores " + s.data_type + " in groups of " +
         std::to_string(group));
}

std::string shown_activations(const Scheme& s) {
  return "act_bits " + std::to_string(s.act_bits) + " (" + s.act_data_type + ", " +
         (s.act_dynamic ? "dynamic" : "static") + ")";
}

}  // namespace

void check_block_float_scheme(const std::string& format, const Scheme& s) {
  const Family kind = family(s);
  const bool mx = kind == Family::kMxFp || kind == Family::kMxInt;
  const bool eight = kind == Family::kMxFp && s.bits == 8;
  if (s.bits != 4 && !eight)
    refuse("bits " + std::to_string(s.bits) + ": " + format + " stores " + s.data_type + " with 4" +
           (kind == Family::kMxFp ? " or 8" : "") + " bits");
  if (!s.sym) refuse("sym false: " + s.data_type + " has no zero points");
  require_group(format, s, mx ? 32 : 16);
  if (!s.quantizes_activations()) return;
  Scheme activations;
  activations.bits = s.act_bits;
  activations.data_type = s.act_data_type;
  if (family(activations) != kind || !s.act_dynamic || s.act_bits != s.bits) {
    refuse(shown_activations(s) + ": " + format + " stores " + s.data_type +
           " weights beside dynamic activations of the same type and width, or unquantized ones");
  }
}

void check_fp8_scheme(const std::string& format, const Scheme& s) {
  if (s.bits != 8) refuse("bits " + std::to_string(s.bits) + ": " + format + " stores fp with 8 bits");
  if (!s.sym) refuse("sym false: " + s.data_type + " has no zero points");
  const bool block = s.group_size_rows > 0;
  if (!block && s.group_size > 0) {
    refuse("group_size " + shown_group(s) + ": " + format +
           " stores one fp scale a tensor (0), a row (-1) or a block ([rows, columns])");
  }
  if (!s.quantizes_activations()) return;
  const bool fp = s.act_bits == 8 && s.act_data_type.rfind("fp", 0) == 0;
  if (!fp || s.act_dynamic != block || (!block && s.act_group_size != 0)) {
    refuse(shown_activations(s) + " with act_group_size " + std::to_string(s.act_group_size) + ": " + format +
           " stores fp weights beside 8-bit fp activations, static with act_group_size 0, or dynamic beside blocks");
  }
}

}  // namespace ar::formats
