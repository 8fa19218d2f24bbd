#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "ar/host.h"

namespace ar::engine {

/// A finished tensor held in memory.
struct StagedTensor {
  std::string name;
  ar_dtype dtype = 0;
  std::vector<int64_t> shape;
  std::vector<std::byte> bytes;
};

/// Collects what one `pack` call writes, so that layers can be packed on several threads and appended to an Output
/// in a fixed order. One object per layer; the sink itself is [any].
class StagingSink {
 public:
  StagingSink();
  StagingSink(const StagingSink&) = delete;
  StagingSink& operator=(const StagingSink&) = delete;

  const ar_sink* sink() const { return &table_; }
  /// In order of `begin`. Call when every handle has ended.
  const std::deque<StagedTensor>& tensors() const { return tensors_; }

 private:
  struct Calls;
  friend struct Calls;
  ar_sink table_;
  std::mutex mutex_;
  std::set<std::string> names_;
  std::deque<StagedTensor> tensors_;  // addresses are the handles
};

}  // namespace ar::engine
