#pragma once

#include "ar/host.h"
#include "declaration.hpp"
#include "metadata.hpp"
#include "source_files.hpp"

namespace ar::gguf {

/// The tokenizer keys (formats.md 6.8), by the first kind of declaration.vocabularies that the folder has files for.
/// Throws when it has none of them, or when a byte-level vocabulary's pre-tokenizer has no name.
void add_vocabulary(const ar_host& host, const SourceFiles& source, const Declaration& declaration, Metadata& metadata);

}  // namespace ar::gguf
