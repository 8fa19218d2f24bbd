#pragma once

#include <utility>

#include "ar/cpp/error.hpp"
#include "core/engine/stored_dtype.hpp"

namespace ar::engine {

/// Runs a body behind a C function of the host: what the core throws becomes a status and its text.
template <typename Body>
ar_status sink_guard(ar_error* err, Body&& body) noexcept {
  return ar::guard(err, [&] {
    try {
      std::forward<Body>(body)();
    } catch (const InvalidArgument& e) {
      throw ar::Error(AR_INVALID_ARGUMENT, e.what());
    } catch (const base::Error& e) {
      throw ar::Error(AR_IO, e.what());
    }
  });
}

}  // namespace ar::engine
