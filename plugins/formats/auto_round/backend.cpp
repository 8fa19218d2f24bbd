#include "backend.hpp"

#include <algorithm>
#include <array>

#include "common/float_layers.hpp"
#include "common/folder_format.hpp"
#include "common/plan.hpp"

namespace ar::formats {
namespace {

constexpr const char* kPlainName = "auto_round";
constexpr const char* kMicroscaled = "auto_round:llm_compressor";  // the tensors are those of that format
constexpr IntLayout kGptqV1 = {false, true, false};
constexpr IntLayout kGptqModel = {false, false, true};
constexpr IntLayout kAwq = {true, false, false};

constexpr std::array kBackends = {
    Backend{kPlainName, kPlainName, Family::kInt},
    Backend{"auto_round:auto_gptq", "auto_round:auto_gptq", Family::kInt, kGptqV1},
    Backend{"auto_round:gptqmodel", "auto_round:gptqmodel", Family::kInt, kGptqModel},
    Backend{"auto_round:auto_awq", "auto_round:auto_awq", Family::kInt, kAwq},
    Backend{"auto_round:mx_fp", kMicroscaled, Family::kMxFp},
    Backend{"auto_round:mx_fp_rceil", kMicroscaled, Family::kMxFp},
    Backend{"auto_round:nv_fp", kMicroscaled, Family::kNvFp},
    Backend{"auto_round:nvfp4_v2", "auto_round:llm_compressor_nvfp4_e5m3", Family::kNvFp4V2},
    Backend{"auto_round:mx_int", kPlainName, Family::kMxInt},
    Backend{"auto_round:fp8_static", "auto_round:fp8_static", Family::kFp},
    Backend{"auto_round:fp8", "auto_round:fp8", Family::kFp},
};

[[noreturn]] void refuse(const std::string& text) { throw Error(AR_UNSUPPORTED, text); }

const Backend* find_backend(const std::string& name) {
  const auto* it = std::find_if(kBackends.begin(), kBackends.end(), [&](const Backend& b) { return name == b.name; });
  return it == kBackends.end() ? nullptr : it;
}

std::string integer_backend(const Scheme& scheme, const std::vector<PlannedLayer>& layers) {
  if (scheme.sym) return "auto_round:auto_gptq";
  return scheme.bits == 4 && first_awq_misfit(layers) == nullptr ? "auto_round:auto_awq" : kPlainName;
}

}  // namespace

const Backend& backend_of(const std::string& name) {
  if (const Backend* backend = find_backend(name)) return *backend;
  std::string names;
  for (const Backend& b : kBackends) names += (names.empty() ? "" : ", ") + std::string(b.name);
  refuse("format '" + name + "' is none of auto_round's; accepted: " + names);
}

void check_scheme(const std::string& format, const Scheme& s) {
  const Backend& backend = backend_of(format);
  const Family kind = storable_family(format, s);
  if (kind == Family::kNone) return;
  if (format != kPlainName && backend.family != kind)
    refuse("data_type '" + s.data_type + "' has no place in " + format + "; plain auto_round chooses its layout");
  if (kind == Family::kFp) return check_fp8_scheme(format, s);
  if (kind != Family::kInt) return check_block_float_scheme(format, s);
  if (!s.quantizes_activations()) check_int_scheme(format, backend.integers, s);
}

std::string resolve_name(const std::string& format, const boost::json::object& plan) {
  const Backend& named = backend_of(format);
  const Scheme scheme = planned_scheme(plan);
  const auto layers = planned_layers(plan);
  refuse_mixed_families(plan, format);
  if (family(scheme) == Family::kInt && scheme.quantizes_activations()) return kFake;
  const PlannedLayer* misfit = named.integers.awq ? first_awq_misfit(layers) : nullptr;
  if (misfit != nullptr) {
    refuse("layer '" + misfit->name + "': the AWQ layout of " + format +
           " holds 4 bits only, and in_features must be a multiple of group_size");
  }
  if (format != kPlainName) return format;
  switch (family(scheme)) {
    case Family::kNone: return kPlainName;
    case Family::kInt: return integer_backend(scheme, layers);
    case Family::kFp:
      return scheme.quantizes_activations() && !scheme.act_dynamic ? "auto_round:fp8_static" : "auto_round:fp8";
    default: break;
  }
  const std::string by_type = std::string("auto_round:") + scheme.data_type;
  if (find_backend(by_type) != nullptr) return by_type;
  return std::find_if(kBackends.begin(), kBackends.end(), [&](const Backend& b) { return b.family == family(scheme); })
      ->name;
}

const Backend* stored_backend(const std::string& packing_format, Family family) {
  std::string name = packing_format;
  const bool unnamed = name.empty() || name == "auto";
  if (family == Family::kFp && unnamed) return find_backend("auto_round:fp8");
  if (unnamed || name == "auto_round:gptq") name = "auto_round:auto_gptq";
  if (name == "auto_round:awq") name = "auto_round:auto_awq";
  const auto* it = std::find_if(kBackends.begin(), kBackends.end(),
                                [&](const Backend& b) { return b.family == family && name == b.packing_format; });
  return it == kBackends.end() ? nullptr : it;
}

}  // namespace ar::formats
