#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/base/error.hpp"
#include "core/model/safetensors_file.hpp"
#include "core/model/safetensors_writer.hpp"

/// Whatever passes the parser lies inside the file and can be written back.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  try {
    ar::model::SafetensorsHeader header = ar::model::parse_safetensors_header(bytes, size, "fuzz");
    for (const ar::model::TensorEntry& t : header.tensors) {
      if (t.end < t.begin || header.data_start + t.end > size) std::abort();
    }
    ar::model::lay_out(header.tensors);
    const std::string again = ar::model::serialize_header(header.tensors, "");
    const uint64_t n_data = size - header.data_start;
    ar::model::parse_safetensors_header(again, again.size() + n_data, "again");
  } catch (const ar::base::Error&) {  // refused, as it should be
  }
  return 0;
}
