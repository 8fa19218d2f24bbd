#include "kind.hpp"

#include <algorithm>
#include <array>

#include "ar/cpp/error.hpp"
#include "common/float_layers.hpp"
#include "common/plan.hpp"

namespace ar::formats {
namespace {

constexpr const char* kName = "llm_compressor";
constexpr const char* kLongName = "auto_round:llm_compressor";

/// By Kind: the name after the colon, and what config_groups say.
struct KindText {
  const char* suffix;
  const char* format;
};
constexpr std::array<KindText, 9> kTexts = {{{"", ""},
                                             {"wint_a16", "pack-quantized"},
                                             {"int8_w8a8", "int-quantized"},
                                             {"", "naive-quantized"},
                                             {"fp8_static", "float-quantized"},
                                             {"fp8_block", "float-quantized"},
                                             {"mx_fp", "mxfp4-pack-quantized"},
                                             {"mx_fp", "mxfp8-quantized"},
                                             {"nv_fp", "nvfp4-pack-quantized"}}};

const KindText& text_of(Kind kind) { return kTexts[static_cast<size_t>(kind)]; }

[[noreturn]] void refuse(const std::string& text) { throw Error(AR_UNSUPPORTED, text); }

/// The part before a known suffix, or the whole name.
std::string base_name(const std::string& format) {
  for (const KindText& t : kTexts) {
    const std::string tail = std::string(":") + t.suffix;
    if (tail.size() > 1 && format.size() > tail.size() &&
        format.compare(format.size() - tail.size(), tail.size(), tail) == 0)
      return format.substr(0, format.size() - tail.size());
  }
  return format;
}

void check_int(const std::string& format, const Scheme& s) {
  if (!s.sym) {
    refuse(
        "sym false: compressed-tensors does not load packed integers with zero points; use --format auto_round, or "
        "leave --asym out");
  }
  if (s.data_type.find("float_zp") != std::string::npos)
    refuse("data_type '" + s.data_type + "' has no place in " + format);
  if (s.bits != 2 && s.bits != 3 && s.bits != 4 && s.bits != 8)
    refuse("bits " + std::to_string(s.bits) + ": " + format + " stores integers of 2, 3, 4 or 8 bits");
  if (s.group_size == 0 || s.group_size_rows != 0)
    refuse("group_size " + std::to_string(s.group_size) + ": " + format +
           " stores one scale per row and group; accepted: a positive number of columns, or -1 for whole rows");
  if (!s.quantizes_activations()) return;
  const bool int8 = s.bits == 8 && s.group_size == -1 && s.act_bits == 8 && s.act_dynamic && s.act_sym &&
                    s.act_data_type.rfind("int", 0) == 0;
  if (int8) return;
  refuse("bits " + std::to_string(s.bits) + ", group_size " + std::to_string(s.group_size) + ", act_bits " +
         std::to_string(s.act_bits) + " (" + s.act_data_type + "): with quantized activations " + format +
         " stores 8-bit integers with one scale a row and dynamic 8-bit activations (INT8)");
}

}  // namespace

Kind kind_of(const Scheme& s) {
  switch (family(s)) {
    case Family::kInt: return s.quantizes_activations() ? Kind::kInt8 : Kind::kPackedInt;
    case Family::kMxFp: return s.bits == 4 ? Kind::kMxFp4 : Kind::kMxFp8;
    case Family::kNvFp: return Kind::kNvFp4;
    case Family::kFp:
      if (s.group_size_rows > 0) return Kind::kBlockFp8;
      return s.quantizes_activations() ? Kind::kStaticFp8 : Kind::kNaiveFp8;
    default: return Kind::kNone;
  }
}

const char* format_text(Kind kind) { return text_of(kind).format; }

void check_llm_compressor(const std::string& format, const Scheme& s) {
  const std::string base = base_name(format);
  if (base != kName && base != kLongName)
    refuse("format '" + format + "' is none of llm_compressor's; accepted: llm_compressor, auto_round:llm_compressor");
  const Family type = storable_family(format, s);
  if (type == Family::kNvFp4V2)
    refuse("data_type '" + s.data_type +
           "': compressed-tensors has no such layout, and vLLM would take it for NVFP4; use --format auto_round");
  const std::string suffix = format.size() > base.size() ? format.substr(base.size() + 1) : "";
  if (type != Family::kNone && !suffix.empty() && suffix != text_of(kind_of(s)).suffix)
    refuse("data_type '" + s.data_type + "' has no place in " + format + "; plain llm_compressor chooses its layout");
  switch (type) {
    case Family::kNone: return;
    case Family::kInt: return check_int(format, s);
    case Family::kFp: return check_fp8_scheme(format, s);
    case Family::kMxInt: refuse("data_type '" + s.data_type + "' has no place in " + format + "; auto_round stores it");
    default: return check_block_float_scheme(format, s);
  }
}

std::string resolve_llm_compressor(const std::string& format, const boost::json::object& plan) {
  const Scheme global = planned_scheme(plan);
  refuse_mixed_families(plan, kName);
  refuse_quantized_head(plan, kName);
  const Kind kind = kind_of(global);
  for (const PlannedLayer& l : planned_layers(plan)) {
    if (!l.quantized) continue;
    if (kind_of(l.scheme) != kind)
      refuse("layer '" + l.name + "' is to be stored as " + format_text(kind_of(l.scheme)) + ", the model as " +
             format_text(kind) + ": " + kName + " stores one of them a checkpoint");
    if (kind == Kind::kPackedInt && l.in_features % l.scheme.group(std::max<int64_t>(l.in_features, 1)) != 0)
      refuse("layer '" + l.name + "': compressed-tensors needs in_features " + std::to_string(l.in_features) +
             " to be a multiple of group_size " + std::to_string(l.scheme.group_size));
  }
  const std::string suffix = text_of(kind).suffix;
  return suffix.empty() ? base_name(format) : base_name(format) + ":" + suffix;
}

}  // namespace ar::formats
