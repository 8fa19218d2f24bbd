#include "host/environment.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/error.hpp"

namespace ar::host {
namespace {

struct Unused {
  const char* name;
  const char* reason;
};

constexpr const char* kAutoScheme = "AutoScheme is missing";
constexpr const char* kActivations = "quantized activations are missing";

constexpr std::array<Unused, 20> kUnused = {{
    {"AR_USE_MODELSCOPE", "models and data are read from local folders"},
    {"AR_ENABLE_UNIFY_MOE_INPUT_SCALE", kActivations},
    {"AR_ACT_SCALE", kActivations},
    {"AR_ENABLE_ACT_MINMAX_TUNING", kActivations},
    {"AR_NVFP4_FUSED_LAYER_GLOBAL_SCALE", "NVFP4 is missing"},
    {"AR_NVFP4_E5M3_CACHE_HP_WEIGHT", "NVFP4 is missing"},
    {"AR_DISABLE_OFFLOAD", "weights are always mapped, one block is in memory"},
    {"AR_DISK_STREAM_MODEL", "weights are always streamed from disk"},
    {"AR_DISABLE_COPY_MTP_WEIGHTS", "weights the model does not use are always copied"},
    {"AR_MODEL_FREE_SHARD_PARALLELISM", "layers are rounded one after the other"},
    {"AR_RESUME_DIR", "a run cannot be resumed"},
    {"AR_CALIB_STREAM_DEVICE", "calibration runs where the model runs"},
    {"AR_FUSE_ONLINE_ROTATION", "rotation is missing"},
    {"AR_FORCE_MOE_ROUTING_ALL_EXPERTS", "mixtures of experts are missing"},
    {"AR_MLLM_DATASET_CACHE_SIZE", "calibration reads text alone"},
    {"AR_AUTO_SCHEME_NSAMPLES", kAutoScheme},
    {"AR_AUTO_SCHEME_BATCH_SIZE", kAutoScheme},
    {"AR_AUTO_SCHEME_SEQLEN", kAutoScheme},
    {"AR_AUTO_SCHEME_CACHE", kAutoScheme},
    {"AR_ENABLE_AUTO_SCHEME_PARALLEL", kAutoScheme},
}};

constexpr std::array<std::pair<std::string_view, base::Level>, 6> kLevels = {{{"TRACE", base::Level::kTrace},
                                                                              {"DEBUG", base::Level::kDebug},
                                                                              {"INFO", base::Level::kInfo},
                                                                              {"WARNING", base::Level::kWarning},
                                                                              {"ERROR", base::Level::kError},
                                                                              {"CRITICAL", base::Level::kCritical}}};

}  // namespace

base::Level log_level_from_environment() {
  const char* value = std::getenv("AR_LOG_LEVEL");
  if (value == nullptr || *value == '\0') return base::Level::kInfo;
  std::string name(value);
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::toupper(c); });
  for (const auto& [known, level] : kLevels) {
    if (name == known) return level;
  }
  base::refuse("AR_LOG_LEVEL {}: must be TRACE, DEBUG, INFO, WARNING, ERROR or CRITICAL", value);
}

double search_ratio_from_environment() {
  const char* value = std::getenv("AR_SEARCH_SCALE_RATIO");
  if (value == nullptr || *value == '\0') return 0.75;
  char* end = nullptr;
  const double ratio = std::strtod(value, &end);
  if (*end != '\0' || !(ratio > 0.0 && ratio < 1.0)) {
    base::refuse("AR_SEARCH_SCALE_RATIO {}: must be a number above 0 and below 1", value);
  }
  return ratio;
}

void warn_unused_environment() {
  for (const auto& [name, reason] : kUnused) {
    const char* value = std::getenv(name);
    if (value != nullptr && *value != '\0') base::warning("{} is set but not used in this version: {}", name, reason);
  }
}

}  // namespace ar::host
