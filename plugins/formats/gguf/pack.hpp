#pragma once

#include <cstdint>
#include <vector>

#include "ar/cpp/format_plugin.hpp"
#include "declaration.hpp"
#include "types.hpp"

namespace ar::gguf {

/// Row r of the file is row rope_row(...)[r] of the checkpoint: within every head, halves (a0 a1 .. b0 b1 ..) become
/// pairs (a0 b0 a1 b1 ..). Empty: rows stay.
std::vector<int64_t> rope_rows(int64_t rows, int64_t heads);

/// The blocks of a quantized layer, [rows, bytes a row].
std::vector<uint8_t> pack_layer(const ar_host& host, const LayerView& layer, Type type, int64_t rope_heads);
/// The inverse, for the rows as they stand in the file: planes go to `sink`.
void unpack_blocks(const ar_host& host, Type type, const uint8_t* blocks, int64_t rows, int64_t columns,
                   const std::vector<int64_t>& source_rows, const ar_sink& sink);

/// An unquantized tensor, or the declared part of one, as F32, F16 or BF16: rows in file order, `add` added.
std::vector<uint8_t> convert(const TensorView& tensor, const DeclaredTensor& declared, Type type);

}  // namespace ar::gguf
