#include "core/calib/dataset.hpp"

#include <algorithm>
#include <iterator>
#include <limits>
#include <numeric>
#include <utility>

#include <fmt/ranges.h>

#include "core/base/error.hpp"
#include "core/base/log.hpp"
#include "core/base/random.hpp"
#include "core/calib/dataset_rows.hpp"
#include "core/calib/dataset_source.hpp"
#include "core/calib/dataset_spec.hpp"

namespace ar::calib {
namespace {

struct Source {
  SourceSpec spec;
  Rows rows;
  std::int64_t size() const { return static_cast<std::int64_t>(rows.size()); }
};

std::vector<Source> read_sources(const DatasetRequest& request, const Tokenizer& tokenizer) {
  auto specs = parse_dataset_spec(request.spec);
  // The shares of several sources depend on the lengths of all; a lone one is read only as far as needed.
  const auto enough = specs.size() == 1 ? request.nsamples : std::numeric_limits<std::int64_t>::max();
  std::vector<Source> sources;
  for (auto& spec : specs) {
    const auto texts = read_source(spec.name, request.seed);
    const auto limit = std::min(enough, spec.num.value_or(enough));
    auto rows =
        make_rows(texts, spec, tokenizer, static_cast<std::size_t>(request.seqlen), static_cast<std::size_t>(limit));
    base::debug("{}: {} texts, {} usable rows", spec.name, texts.size(), rows.size());
    sources.push_back({std::move(spec), std::move(rows)});
  }
  return sources;
}

/// How many rows each source gives; sources are sorted by length. Upstream's rule, its uneven shares included.
std::vector<std::int64_t> shares(const std::vector<Source>& sources, std::int64_t nsamples) {
  const auto n = static_cast<std::int64_t>(sources.size());
  std::int64_t n_fixed = 0;
  std::int64_t count = 0;
  for (const auto& source : sources) {
    n_fixed += source.spec.num.has_value() ? 1 : 0;
    count += source.spec.num.value_or(0);
  }
  if (count > nsamples) count = 0;
  std::vector<std::int64_t> out;
  for (std::int64_t i = 0; i < n; ++i) {
    const auto& source = sources[static_cast<std::size_t>(i)];
    if (source.spec.num) {
      out.push_back(*source.spec.num);
      continue;
    }
    const auto share = (nsamples - count) / (n_fixed == 0 ? n - i : n - n_fixed);
    out.push_back(std::min(share, source.size()));
    count += out.back();
  }
  return out;
}

void log_shares(const std::vector<Source>& sources, const std::vector<std::int64_t>& counts) {
  std::vector<std::string> items;
  for (std::size_t i = 0; i < sources.size(); ++i)
    items.push_back(fmt::format("'{}': {}", sources[i].spec.name, counts[i]));
  base::info("{{{}}}", fmt::join(items, ", "));
}

Rows combine(std::vector<Source> sources, const DatasetRequest& request) {
  if (sources.size() == 1) return std::move(sources.front().rows);
  std::stable_sort(sources.begin(), sources.end(), [](const auto& a, const auto& b) { return a.size() < b.size(); });
  const auto counts = shares(sources, request.nsamples);
  log_shares(sources, counts);
  Rows joined;
  for (std::size_t i = 0; i < sources.size(); ++i) {
    auto& rows = sources[i].rows;
    const auto taken = std::min(counts[i], sources[i].size());
    std::move(rows.begin(), rows.begin() + taken, std::back_inserter(joined));
  }
  Rows shuffled;
  shuffled.reserve(joined.size());
  for (const auto at : base::numpy_permutation(request.seed, static_cast<std::int64_t>(joined.size()))) {
    shuffled.push_back(std::move(joined[static_cast<std::size_t>(at)]));
  }
  return shuffled;
}

void check_request(const DatasetRequest& request) {
  if (request.nsamples < 1) base::refuse("--nsamples {}: must be at least 1", request.nsamples);
  if (request.seqlen < 1) base::refuse("--seqlen {}: must be at least 1", request.seqlen);
}

void check_count(const Rows& rows, const DatasetRequest& request) {
  if (rows.empty()) {
    throw base::Error(
        base::Exit::kNoData,
        fmt::format("--dataset {}: no text has the needed length of at least {} tokens; give longer texts "
                    "or a smaller --seqlen, or join texts with :concat",
                    request.spec, request.seqlen));
  }
  const auto count = static_cast<std::int64_t>(rows.size());
  if (count < request.nsamples) {
    base::warning("too few samples may cost accuracy: {} of {} have the needed {} tokens", count, request.nsamples,
                  request.seqlen);
  }
}

}  // namespace

Samples load_samples(const DatasetRequest& request, const Tokenizer& tokenizer) {
  check_request(request);
  auto rows = combine(read_sources(request, tokenizer), request);
  if (static_cast<std::int64_t>(rows.size()) > request.nsamples)
    rows.resize(static_cast<std::size_t>(request.nsamples));
  // Upstream tests once more while it batches, then without an exception for the shortest rows.
  rows.erase(std::remove_if(rows.begin(), rows.end(), repeats_last_token), rows.end());
  check_count(rows, request);
  return {std::move(rows)};
}

}  // namespace ar::calib
