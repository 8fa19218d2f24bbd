#pragma once

#include <string>
#include <string_view>

namespace ar::gguf {

/// SHA-256 in hexadecimal (FIPS 180-4).
std::string sha256_hex(std::string_view bytes);

}  // namespace ar::gguf
