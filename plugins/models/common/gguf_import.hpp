#pragma once

#include <string>

#include "plugins/models/common/decoder_spec.hpp"

namespace ar::models {

/// The way back (ar/model.h, import_file): from what a GGUF file says to {"config": config.json, "tensors": [...]} as
/// gguf_declaration lists them. "" when the file's architecture is not the family's. Throws naming a key that is missing.
std::string import_gguf(const DecoderSpec& spec, const std::string& description);

}  // namespace ar::models
