#include "core/engine/host_services.hpp"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <vector>

#include "core/base/cancel.hpp"
#include "core/base/log.hpp"
#include "core/calib/tokenizer.hpp"
#include "core/engine/sink_guard.hpp"
#include "core/tensor/parallel.hpp"

namespace ar::engine {
namespace {

void log(void*, int32_t level, const char* text) {
  const bool bug = level == AR_LOG_PLUGIN_BUG;
  base::log(bug ? base::Level::kError : static_cast<base::Level>(level), "plugin", 0, text);
}

ar_status parallel_for(void*, int64_t count, int64_t grain, ar_status (*body)(void*, int64_t, int64_t), void* arg) {
  if (count <= 0) return AR_OK;
  std::atomic<ar_status> failure{AR_OK};
  tensor::parallel_chunks(count, std::max<int64_t>(grain, 1), [&](int64_t begin, int64_t end) {
    if (failure.load(std::memory_order_relaxed) != AR_OK) return;
    ar_status expected = AR_OK;
    if (const ar_status status = body(arg, begin, end); status != AR_OK)
      failure.compare_exchange_strong(expected, status);
  });
  return failure.load();
}

int32_t cancelled(void*) { return base::cancelled() ? 1 : 0; }

void progress(void*, const char* what, int64_t done, int64_t total) { base::debug("{}: {} of {}", what, done, total); }

ar_status tokenize(void*, const char* folder, const char* text, size_t n_bytes, void* arg,
                   ar_status (*take)(void* arg, const int64_t* ids, size_t n_ids), ar_error* err) {
  if (!std::filesystem::exists(std::filesystem::path(folder) / "tokenizer.json")) return AR_NOT_FOUND;
  ar_status taken = AR_OK;
  const ar_status status = sink_guard(err, [&] {
    const calib::Tokenizer tokenizer = calib::Tokenizer::open(folder);
    const std::vector<int32_t> ids = tokenizer.encode({text, n_bytes}, /*add_special=*/true);
    const std::vector<int64_t> wide(ids.begin(), ids.end());
    taken = take(arg, wide.data(), wide.size());
  });
  return status == AR_OK ? taken : status;
}

}  // namespace

const ar_host& host_services() {
  static constexpr ar_host kHost = {sizeof(ar_host), nullptr, log, parallel_for, cancelled, progress, tokenize};
  return kHost;
}

}  // namespace ar::engine
