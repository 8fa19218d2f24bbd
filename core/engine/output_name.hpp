#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "core/engine/options.hpp"
#include "core/quant/scheme.hpp"

namespace ar::engine {

/// The folder of a run: <output_dir>/Qwen3-0.6B-w4g128 (docs/cli.md). The only format is written into it directly,
/// several ones into folders below it, each named by format_folder_name().
std::filesystem::path output_directory(const RunOptions& options, const quant::Scheme& scheme);

/// "auto_round:auto_gptq" -> "auto-round-auto-gptq"
std::string format_folder_name(std::string_view backend);

}  // namespace ar::engine
