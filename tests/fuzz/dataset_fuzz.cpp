#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/base/error.hpp"
#include "core/calib/dataset_spec.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    ar::calib::parse_dataset_spec({reinterpret_cast<const char*>(data), size});
  } catch (const ar::base::Error&) {  // refused, as it should be
  }
  return 0;
}
