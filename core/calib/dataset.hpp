#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/calib/tokenizer.hpp"

namespace ar::calib {

struct DatasetRequest {
  std::string spec;  // docs/cli.md: name[:key=value]...[,name...]
  std::int64_t nsamples = 128;
  std::int64_t seqlen = 2048;
  std::uint64_t seed = 42;
};

/// Token ids for calibration, every row exactly `seqlen` long, in the order they are to be used.
struct Samples {
  std::vector<std::vector<std::int32_t>> rows;
};

/// Reads, tokenises, filters, combines and orders the sources of `request.spec`.
/// Warns when fewer than nsamples rows are left; none at all is base::Error(kNoData).
/// An unknown name, a file of the wrong kind and a bad parameter are base::Error(kUsage).
Samples load_samples(const DatasetRequest& request, const Tokenizer& tokenizer);

}  // namespace ar::calib
