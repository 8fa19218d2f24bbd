#include <cstdlib>

#include "common/int_layers.hpp"

namespace ar::formats {
namespace {

[[noreturn]] void refuse(const std::string& text) { throw Error(AR_UNSUPPORTED, text); }

bool w8_asym_allowed() {
  const char* value = std::getenv("AR_ALLOW_W8_ASYM");
  return value != nullptr && std::string_view(value) == "1";
}

}  // namespace

void check_int_scheme(const std::string& format, const IntLayout& layout, const Scheme& s) {
  if (s.data_type.find("float_zp") != std::string::npos)
    refuse("data_type '" + s.data_type + "': " + format + " stores whole zero points only");
  if (layout.awq && s.bits != 4)
    refuse("bits " + std::to_string(s.bits) + ": the AWQ layout of " + format + " holds 4 bits only");
  if (s.bits != 2 && s.bits != 3 && s.bits != 4 && s.bits != 8) {
    refuse("bits " + std::to_string(s.bits) + ": " + format +
           " stores 2, 3, 4 or 8 bits, or 16 for an unquantized layer");
  }
  if (s.bits == 8 && !s.sym && !w8_asym_allowed()) {
    refuse(
        "8 bits without symmetry: the kernels that serve this layout read 8-bit weights symmetric only; drop --asym, "
        "use 2, 3 or 4 bits, or set AR_ALLOW_W8_ASYM=1 to store it all the same");
  }
  if (s.group_size_rows != 0 || s.group_size < 1) {
    if (s.group_size == -1 && s.group_size_rows == 0) return;
    refuse("group_size " + std::to_string(s.group_size) + ": " + format +
           " stores one scale per row and group; accepted: a positive number of columns, or -1 for whole rows");
  }
}

}  // namespace ar::formats
