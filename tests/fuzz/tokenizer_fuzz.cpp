#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/base/error.hpp"
#include "core/calib/tokenizer.hpp"

/// The input is a tokenizer.json; what follows a zero byte is a text for it.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto end = input.find('\0');
  const auto text = end == std::string_view::npos ? "  Hello, w\xc3\xb6rld! \xf0\x9f\x98\x80 12345\n\n\xe6\x97\xa5 <s>don't"
                                                  : input.substr(end + 1);
  try {
    const auto tokenizer = ar::calib::Tokenizer::parse(input.substr(0, end), "tokenizer.json");
    tokenizer.decode(tokenizer.encode(text, true, 64), true);
  } catch (const ar::base::Error&) {  // refused, as it should be
  }
  return 0;
}
