#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "ar/cpp/error.hpp"
#include "gguf/blocks.hpp"
#include "gguf/header.hpp"
#include "gguf/source_tokenizer.hpp"

namespace {

/// A tokenizer is made or refused.
void make_tokenizer(const ar::gguf::Metadata& metadata) {
  try {
    for (const ar::NamedFile& file : ar::gguf::source_tokenizer(metadata)) {
      if (file.bytes.empty()) std::abort();
    }
  } catch (const ar::Error&) {
  }
}

}  // namespace

/// Whatever passes the parser lies inside the file, can be dequantized, and can be written back.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  namespace gguf = ar::gguf;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  try {
    gguf::Header header = gguf::parse_header(bytes, size, "fuzz");
    for (const gguf::TensorEntry& t : header.tensors) {
      if (header.data_start + t.offset + t.n_bytes() > size) std::abort();
      std::vector<float> row(static_cast<size_t>(t.columns()));
      const uint8_t* blocks = data + header.data_start + t.offset;
      for (int64_t r = 0; r < t.rows(); ++r)
        gguf::dequantize_row(t.type, blocks + r * gguf::info(t.type).row_bytes(t.columns()), t.columns(), row.data());
    }
    gguf::Metadata metadata;
    for (const auto& [key, value] : header.metadata.items()) {
      const auto* array = std::get_if<gguf::Array>(&value);
      if (array != nullptr && array->item == gguf::ValueType::kString && gguf::strings(*array).size() != array->count)
        std::abort();
      if (key != "general.alignment") metadata.append(key, value);
    }
    make_tokenizer(header.metadata);
    const uint64_t n_data = gguf::lay_out(header.tensors);
    const std::string again = gguf::serialize_header(metadata, header.tensors);
    gguf::parse_header(again, again.size() + n_data, "again");
  } catch (const ar::Error&) {  // refused, as it should be
  }
  return 0;
}
