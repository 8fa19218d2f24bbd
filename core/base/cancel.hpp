#pragma once

#include <atomic>

#include "core/base/error.hpp"

namespace ar::base {
namespace detail {
inline std::atomic<bool> g_cancel{false};
static_assert(std::atomic<bool>::is_always_lock_free, "set from a signal handler");
}  // namespace detail

/// Asks the run to stop at its next step. [any], also from a signal handler.
inline void request_cancel() noexcept { detail::g_cancel.store(true, std::memory_order_relaxed); }

/// Polled by long loops. [any]
inline bool cancelled() noexcept { return detail::g_cancel.load(std::memory_order_relaxed); }

/// Ends the run with status 130 when a stop was asked for.
inline void throw_if_cancelled() {
  if (cancelled()) throw Error(Exit::kInterrupted, "interrupted");
}

}  // namespace ar::base
