#pragma once

#include <string>

#include <boost/json/object.hpp>

#include "common/scheme.hpp"

namespace ar::formats {

/// What compressed-tensors calls a format, one for each way of storing layers.
enum class Kind { kNone, kPackedInt, kInt8, kNaiveFp8, kStaticFp8, kBlockFp8, kMxFp4, kMxFp8, kNvFp4 };

Kind kind_of(const Scheme& scheme);
/// "pack-quantized" and the like; "" for kNone.
const char* format_text(Kind kind);

/// Throws ar::Error with the reason when a layer of this scheme cannot be stored under the format name.
void check_llm_compressor(const std::string& format, const Scheme& scheme);
/// Upstream's name of what is written, "llm_compressor:fp8_static".
std::string resolve_llm_compressor(const std::string& format, const boost::json::object& plan);

}  // namespace ar::formats
