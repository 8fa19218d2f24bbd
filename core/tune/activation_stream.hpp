#pragma once

#include <cstdint>
#include <filesystem>

#include <ATen/core/Tensor.h>

namespace ar::tune {

/// Hidden states of all samples [n, T, H], float32: rounding them to bfloat16 costs more loss where activations are large
/// (docs/performance.md). `folder` empty: in memory; else in an unnamed file there, mapped, so
/// that the system may keep what is not in use on disk. The file is gone when the tensor is.
at::Tensor make_stream(int64_t samples, int64_t tokens, int64_t hidden, const std::filesystem::path& folder);

/// True when streams of so many bytes would take more than half of the memory that is free now.
bool wants_disk(uint64_t n_bytes);

}  // namespace ar::tune
