#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include <ATen/core/Tensor.h>

#include "core/engine/stage_loader.hpp"

namespace ar::engine {

/// The hidden states of all samples at one depth of the model, and what every depth shares.
struct Calibration {
  int64_t samples = 0;
  int64_t tokens = 0;
  std::vector<std::vector<uint8_t>> kept;  // [samples][tokens], 1 where a position counts in the loss
  Contexts contexts;
  at::Tensor original;   // [samples, tokens, H] float32: stream of the original model
  at::Tensor quantized;  // stream of the quantized model; undefined: the quantized blocks see `original`
  std::filesystem::path disk;  // where streams live; empty = memory
};

/// Reads and tokenises the data set and embeds it. Clamps what depends on the data (batch size, sample count, the
/// tokenizer's length limit) in plan.options. No usable sample: base::Error(kNoData).
Calibration calibrate(Plan& plan);

}  // namespace ar::engine
