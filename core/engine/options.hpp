#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/quant/scheme.hpp"
#include "core/quant/static_states.hpp"

namespace ar::engine {

/// Everything a `quantize` run was asked for, as plain data: the recipe is already filled in, values are in range,
/// spellings are canonical. What depends on the model (clamping seqlen, tied lm_head, matching layer names) is not
/// decided here. Field names are upstream's.
struct RunOptions {
  // Model and output.
  std::string model;                       // as typed, trailing '/' removed
  std::string tokenizer;                   // folder of --tokenizer; "": none given
  std::optional<std::string> model_dtype;  // "float16", "bfloat16", "float32"; unset: as stored
  std::filesystem::path output_dir = "./tmp_autoround";
  std::vector<std::string> formats = {"auto_round"};  // lower case, in the order asked for, no duplicates
  std::map<std::string, std::map<std::string, std::string>> format_options;  // of a format's plugin: name -> value
  std::string device_map = "0";                       // blanks removed
  std::uint64_t seed = 42;

  // Scheme.
  std::string scheme = "W4A16";           // preset name, upper case
  quant::SchemeOverride scheme_override;  // --bits, --group_size, --asym ...
  bool quant_lm_head = false;
  std::string layer_config;                       // text of --layer_config; "" = none
  std::string ignore_layers;                      // text of --ignore_layers: comma list
  std::vector<std::string> to_quant_block_names;  // patterns; empty: all blocks

  quant::StaticStates static_states;  // FP8 scales of attention's states, calibrated and stored beside the weights

  bool convert = false;  // keep the codes of a quantized source: schemes come from there, nothing is quantized

  // Calibration.
  std::string dataset = "NeelNanda/pile-10k";  // mini-language of docs/cli.md
  bool dataset_given = false;                  // named by the user: a search then weights its errors by importance
  std::int64_t nsamples = 128;
  std::int64_t seqlen = 2048;
  std::int64_t batch_size = 8;
  bool low_gpu_mem_usage = false;

  // Tuning; iters == 0 means round to nearest.
  std::int64_t iters = 200;
  std::optional<double> lr;         // unset: 1 / iters
  std::optional<double> minmax_lr;  // unset: lr
  double momentum = 0.0;
  std::int64_t nblocks = 1;
  std::int64_t gradient_accumulate_steps = 1;
  bool enable_adam = false;
  bool enable_minmax_tuning = true;
  bool enable_norm_bias_tuning = false;
  bool enable_quanted_input = true;
  bool not_use_best_mse = false;
  std::optional<bool> disable_opt_rtn;  // unset: decided by the scheme (docs/cli.md)
  bool model_free = false;              // plain rounding of what is stored, in float32; GGUF formats
  double search_ratio = 0.75;           // half width of the scale search of optimized RTN (AR_SEARCH_SCALE_RATIO)

  // Run.
  bool amp = true;             // false: --disable_amp, float32 arithmetic throughout
  bool deterministic = false;  // --enable_deterministic_algorithms
};

}  // namespace ar::engine
