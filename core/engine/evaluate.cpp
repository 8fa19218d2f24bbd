#include "core/engine/evaluate.hpp"

#include <algorithm>
#include <cmath>
#include <memory>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/log_softmax.h>

#include "core/base/error.hpp"
#include "core/base/json.hpp"
#include "core/calib/tokenizer.hpp"
#include "core/engine/plain_model.hpp"
#include "core/engine/side_folder.hpp"
#include "core/tensor/parallel.hpp"

namespace ar::engine {
namespace {

constexpr int64_t kRows = 64;  // positions whose logits exist at a time in one thread

/// Line ends as Python's text mode reads them.
std::string universal_newlines(const std::string& text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n') continue;
    out += text[i] == '\r' ? '\n' : text[i];
  }
  return out;
}

calib::Tokenizer open_tokenizer(plugin::Registry& registry, const EvaluateOptions& o) {
  if (o.tokenizer) return calib::Tokenizer::open(*o.tokenizer);
  return calib::Tokenizer::open(SideFolder(registry, o.reference.value_or(o.model), "").path());
}

std::vector<Sequence> cut_windows(plugin::Registry& registry, const EvaluateOptions& o) {
  if (o.seqlen < 2) base::refuse("--seqlen {}: must be 2 or more", o.seqlen);
  if (o.windows < 1) base::refuse("--windows {}: must be 1 or more", o.windows);
  if (o.skip < 0 || o.skip > o.seqlen - 2) base::refuse("--skip {}: must be 0 to {}, so that something counts", o.skip, o.seqlen - 2);
  const auto tokenizer = open_tokenizer(registry, o);
  const std::vector<int32_t> ids = tokenizer.encode(universal_newlines(base::read_text_file(o.text)), false);
  const auto found = static_cast<int64_t>(ids.size()) / o.seqlen;
  if (found == 0) {
    base::refuse("--ppl {}: has {} tokens; a window takes --seqlen {}", o.text.string(), ids.size(), o.seqlen);
  }
  std::vector<Sequence> windows(static_cast<std::size_t>(std::min(o.windows, found)));
  for (std::size_t w = 0; w < windows.size(); ++w) {
    windows[w].ids = at::empty({1, o.seqlen}, at::kLong);
    std::copy_n(ids.begin() + static_cast<std::ptrdiff_t>(w) * o.seqlen, o.seqlen, windows[w].ids.data_ptr<int64_t>());
  }
  return windows;
}

void run_blocks(const PlainModel& model, std::vector<Sequence>& windows, const std::function<void()>& done) {
  model.embed(windows);
  for (std::size_t i = 0; i < model.spec().blocks.size(); ++i) {
    model.block(static_cast<int64_t>(i), windows);
    done();
  }
}

/// A model whose blocks are done.
struct Side {
  const PlainModel* model;
  std::vector<Sequence> windows;
  std::unique_ptr<PlainRunner> head;

  /// Log-probabilities [n, V] for positions begin .. begin + n of a window.
  at::Tensor log_probabilities(std::size_t window, int64_t begin, int64_t n) const {
    const Sequence& s = windows[window];
    const at::Tensor logits = model->model().head(s.hidden.narrow(1, begin, n), *s.context, *head);
    return at::log_softmax(logits.select(0, 0), -1);
  }
};

struct Sums {
  double nll = 0.0;
  double kl = 0.0;
  int64_t agree = 0;
};

Sums score_rows(const Side& model, const Side* reference, std::size_t window, int64_t begin, int64_t n) {
  const at::NoGradGuard no_grad;
  Sums sums;
  const at::Tensor p = model.log_probabilities(window, begin, n);
  const auto* next = model.windows[window].ids.const_data_ptr<int64_t>() + begin + 1;
  const int64_t vocab = p.size(1);
  for (int64_t i = 0; i < n; ++i) sums.nll -= p.const_data_ptr<float>()[i * vocab + next[i]];
  if (reference == nullptr) return sums;
  const at::Tensor q = reference->log_probabilities(window, begin, n);
  sums.kl = (q.exp() * (q - p)).sum(at::kDouble).item<double>();
  sums.agree = (p.argmax(-1) == q.argmax(-1)).sum().item<int64_t>();
  return sums;
}

Sums score(const Side& model, const Side* reference, int64_t seqlen, int64_t skip) {
  const int64_t per_window = (seqlen - 1 - skip + kRows - 1) / kRows;
  std::vector<Sums> parts(model.windows.size() * static_cast<std::size_t>(per_window));
  tensor::parallel_for(static_cast<int64_t>(parts.size()), [&](int64_t i) {
    const int64_t begin = skip + i % per_window * kRows;
    parts[static_cast<std::size_t>(i)] = score_rows(model, reference, static_cast<std::size_t>(i / per_window), begin,
                                                    std::min(kRows, seqlen - 1 - begin));
  });
  Sums total;
  for (const Sums& part : parts) {
    total.nll += part.nll;
    total.kl += part.kl;
    total.agree += part.agree;
  }
  return total;
}

}  // namespace

Evaluation evaluate(plugin::Registry& registry, const EvaluateOptions& options, const EvaluateProgress& progress) {
  const at::NoGradGuard no_grad;
  const std::vector<Sequence> windows = cut_windows(registry, options);
  std::vector<std::unique_ptr<PlainModel>> models;
  models.push_back(std::make_unique<PlainModel>(registry, options.model, options.activations));
  if (options.reference) models.push_back(std::make_unique<PlainModel>(registry, *options.reference));
  if (models.size() > 1 && models[0]->spec().vocab != models[1]->spec().vocab) {
    base::refuse("--ref {}: has {} tokens, the model {}: they must have the same vocabulary",
                 options.reference->string(), models[1]->spec().vocab, models[0]->spec().vocab);
  }

  int64_t total = 0, done = 0;
  for (const auto& model : models) total += static_cast<int64_t>(model->spec().blocks.size());
  std::vector<Side> sides;
  for (const auto& model : models) {
    Side side{model.get(), windows, nullptr};
    run_blocks(*model, side.windows, [&] {
      if (progress) progress(++done, total);
    });
    side.head = model->head_runner();
    sides.push_back(std::move(side));
  }

  const Sums sums = score(sides[0], sides.size() > 1 ? &sides[1] : nullptr, options.seqlen, options.skip);
  Evaluation e;
  e.windows = static_cast<int64_t>(windows.size());
  e.seqlen = options.seqlen;
  const auto count = static_cast<double>(e.windows * (e.seqlen - 1 - options.skip));
  e.nll = sums.nll / count;
  e.perplexity = std::exp(e.nll);
  if (sides.size() > 1) {
    e.kl_divergence = sums.kl / count;
    e.top1 = static_cast<double>(sums.agree) / count;
  }
  return e;
}

std::string describe(const Evaluation& e) {
  std::string line = fmt::format("ppl {:.4f}  nll {:.6f}  windows {} x {}", e.perplexity, e.nll, e.windows, e.seqlen);
  if (e.kl_divergence) line += fmt::format("  kld {:.6f}  top1 {:.4f}", *e.kl_divergence, *e.top1);
  return line;
}

}  // namespace ar::engine
