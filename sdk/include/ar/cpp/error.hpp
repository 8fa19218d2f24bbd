#pragma once

#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <exception>
#include <new>
#include <stdexcept>
#include <string>
#include <utility>

#include "ar/abi.h"

namespace ar {

/// The normal way to fail inside a plugin; guard() turns it into a status and a text at the boundary.
class Error : public std::runtime_error {
 public:
  Error(ar_status code, const std::string& text) : std::runtime_error(text), code_(code) {}
  ar_status code() const noexcept { return code_; }

 private:
  ar_status code_;
};

/// Fills *err (may be null) and returns the code. The text is cut on a UTF-8 character boundary.
inline ar_status set_error(ar_error* err, ar_status code, const char* text) noexcept {
  if (err != nullptr) {
    err->code = code;
    std::size_t n = std::strlen(text);
    if (n > sizeof(err->text) - 1) {
      n = sizeof(err->text) - 1;
      while (n > 0 && (static_cast<unsigned char>(text[n]) & 0xC0U) == 0x80U) --n;
    }
    std::memcpy(err->text, text, n);
    err->text[n] = '\0';
  }
  return code;
}

/// Runs body() and returns its status (void counts as AR_OK); no exception leaves. [any]
template <typename Body>
ar_status guard(ar_error* err, Body&& body) noexcept {
  try {
    if constexpr (std::is_void_v<decltype(body())>) {
      std::forward<Body>(body)();
      return AR_OK;
    } else {
      return std::forward<Body>(body)();
    }
  } catch (const Error& e) {
    return set_error(err, e.code(), e.what());
  } catch (const std::bad_alloc&) {
    return set_error(err, AR_OUT_OF_MEMORY, "out of memory");
  } catch (const std::exception& e) {
    return set_error(err, AR_INTERNAL, e.what());
  } catch (...) {
    return set_error(err, AR_INTERNAL, "unknown exception");
  }
}

}  // namespace ar
