#include "packing.hpp"

#include <cstdlib>

#include "ar/cpp/error.hpp"
#include "common/config_json.hpp"

namespace ar::formats {
namespace {

namespace json = boost::json;

constexpr const char* kNames = "auto_round, auto_round:auto_gptq, auto_round:gptqmodel, auto_round:auto_awq";

[[noreturn]] void refuse(const std::string& text) { throw Error(AR_UNSUPPORTED, text); }

/// The packing a format name asks for; "auto_round" gives kPlain, which choose_packing refines.
Packing named_packing(const std::string& format) {
  for (const Packing p : {Packing::kPlain, Packing::kGptqV1, Packing::kGptqModel, Packing::kAwq}) {
    if (format == packing_name(p)) return p;
  }
  refuse("format '" + format + "' is not in this build; accepted: " + kNames);
}

bool is_integer(const std::string& data_type) {
  return data_type.find("int") != std::string::npos && data_type.find("mx") == std::string::npos &&
         data_type.find("_dq") == std::string::npos && data_type.find("float_zp") == std::string::npos;
}

bool w8_asym_allowed() {
  const char* value = std::getenv("AR_ALLOW_W8_ASYM");
  return value != nullptr && std::string_view(value) == "1";
}

void check_bits(const std::string& format, const ar_scheme& s, Packing packing) {
  if (packing == Packing::kAwq && s.bits != 4) {
    refuse("bits " + std::to_string(s.bits) + ": the AWQ layout of " + format + " holds 4 bits only");
  }
  if (s.bits != 2 && s.bits != 3 && s.bits != 4 && s.bits != 8) {
    refuse("bits " + std::to_string(s.bits) + ": " + format +
           " stores 2, 3, 4 or 8 bits, or 16 for an unquantized layer");
  }
  if (s.bits == 8 && s.sym == 0 && !w8_asym_allowed()) {
    refuse(
        "8 bits without symmetry: the kernels that serve this layout read 8-bit weights symmetric only; drop --asym, "
        "use 2, 3 or 4 bits, or set AR_ALLOW_W8_ASYM=1 to store it all the same");
  }
}

/// A quantized layer of the plan: {name, scheme, ...}; in_features is optional there.
struct PlannedLayer {
  std::string name;
  int64_t bits;
  int64_t group_size;
  int64_t in_features;  // 0 = not told

  bool fits_awq() const { return bits == 4 && (in_features == 0 || group_size < 1 || in_features % group_size == 0); }
};

int64_t number_member(const json::object& o, const char* key, int64_t fallback) {
  const json::value* value = o.if_contains(key);
  return value != nullptr && value->is_int64() ? value->get_int64() : fallback;
}

const json::object* first_misfit(const json::object& plan) {
  for (const json::value& item : array_member(plan, "layers")) {
    const json::object& layer = item.as_object();
    const json::object& scheme = object_member(layer, "scheme");
    const json::value* quantized = layer.if_contains("quantized");
    if (quantized == nullptr || !quantized->is_bool() || !quantized->get_bool()) continue;
    const PlannedLayer l{std::string(string_member(layer, "name")), number_member(scheme, "bits", 16),
                         number_member(scheme, "group_size", -1), number_member(layer, "in_features", 0)};
    if (l.bits < 16 && !l.fits_awq()) return &layer;
  }
  return nullptr;
}

}  // namespace

const char* packing_name(Packing packing) {
  switch (packing) {
    case Packing::kPlain: return "auto_round";
    case Packing::kGptqV1: return "auto_round:auto_gptq";
    case Packing::kGptqModel: return "auto_round:gptqmodel";
    case Packing::kAwq: return "auto_round:auto_awq";
  }
  return "";
}

std::optional<Packing> packing_of(std::string_view name) {
  if (name.empty() || name == "auto" || name == "auto_round:gptq") return Packing::kGptqV1;
  if (name == "auto_round:awq") return Packing::kAwq;
  for (const Packing p : {Packing::kPlain, Packing::kGptqV1, Packing::kGptqModel, Packing::kAwq}) {
    if (name == packing_name(p)) return p;
  }
  return std::nullopt;
}

void check_scheme(const std::string& format, const ar_scheme& s) {
  const Packing packing = named_packing(format);
  if (s.act_bits < 16) {
    refuse("act_bits " + std::to_string(s.act_bits) + " (" + s.act_data_type +
           "): quantized activations are not in this build of " +
           "format auto_round; use a scheme that leaves them alone, such as W4A16");
  }
  if (s.bits >= 16) return;
  if (!is_integer(s.data_type)) {
    refuse(std::string("data_type '") + s.data_type + "' is not in this build of format auto_round; accepted: int");
  }
  if (s.super_bits != 0) {
    refuse("super_bits " + std::to_string(s.super_bits) + ": two-level scales have no place in " + format);
  }
  check_bits(format, s, packing);
  if (s.group_size_rows != 0 || s.group_size < -1 || s.group_size == 0) {
    refuse("group_size " + std::to_string(s.group_size) + ": " + format +
           " stores one scale per row and group; accepted: a positive number of columns, or -1 for whole rows");
  }
}

Packing choose_packing(const std::string& format, const json::object& plan) {
  const Packing named = named_packing(format);
  const json::object* misfit = first_misfit(plan);
  if (named == Packing::kAwq && misfit != nullptr) {
    throw Error(AR_UNSUPPORTED, "layer '" + std::string(string_member(*misfit, "name")) + "': the AWQ layout of " +
                                    format + " holds 4 bits only, and in_features must be a multiple of group_size");
  }
  if (named != Packing::kPlain) return named;
  const json::object& scheme = object_member(plan, "scheme");
  const json::value* sym = scheme.if_contains("sym");
  const int64_t bits = number_member(scheme, "bits", 16);
  if (bits >= 16) return Packing::kPlain;
  if (sym == nullptr || !sym->is_bool() || sym->get_bool()) return Packing::kGptqV1;
  return bits == 4 && misfit == nullptr ? Packing::kAwq : Packing::kPlain;
}

}  // namespace ar::formats
