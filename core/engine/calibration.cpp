#include "core/engine/calibration.hpp"

#include <algorithm>
#include <cstdlib>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>

#include "core/base/error.hpp"
#include "core/base/log.hpp"
#include "core/calib/dataset.hpp"
#include "core/calib/sampler.hpp"
#include "core/calib/tokenizer.hpp"
#include "core/engine/model_source.hpp"
#include "core/engine/stage_loader.hpp"
#include "core/tensor/parallel.hpp"
#include "core/tune/activation_stream.hpp"
#include "core/tune/fixed_runner.hpp"

namespace ar::engine {
namespace {

std::filesystem::path work_folder() {
  const char* folder = std::getenv("AR_WORK_SPACE");
  return folder != nullptr && *folder != '\0' ? folder : "ar_work_space";
}

calib::Samples read_samples(Plan& plan, const calib::Tokenizer& tokenizer) {
  RunOptions& o = plan.options;
  const int64_t limit = tokenizer.config().model_max_length;
  if (limit > 0 && o.seqlen > limit) {
    base::warning("--seqlen {} is above the tokenizer's model_max_length: clamped to {}", o.seqlen, limit);
    o.seqlen = limit;
  }
  calib::Samples samples = calib::load_samples({o.dataset, o.nsamples, o.seqlen, o.seed}, tokenizer);
  const auto n = static_cast<int64_t>(samples.rows.size());
  if (n < o.batch_size) {
    base::warning("only {} samples: batch size reduced from {} to {}", n, o.batch_size, n);
    o.batch_size = n;
  }
  return samples;
}

at::Tensor row_tensor(const std::vector<int32_t>& row) {
  at::Tensor ids = at::empty({1, static_cast<int64_t>(row.size())}, at::kLong);
  std::copy(row.begin(), row.end(), ids.data_ptr<int64_t>());
  return ids;
}

void check_ids(const Plan& plan, const calib::Samples& samples) {
  for (const auto& row : samples.rows) {
    const auto highest = *std::max_element(row.begin(), row.end());
    if (highest >= plan.spec->vocab) {
      base::fail("{}: the tokenizer gives token id {}, the model's vocabulary has {} entries", plan.options.model, highest,
                 plan.spec->vocab);
    }
  }
}

}  // namespace

Calibration calibrate(Plan& plan) {
  const calib::Tokenizer tokenizer = calib::Tokenizer::open(plan.side_folder->path());
  const calib::Samples samples = read_samples(plan, tokenizer);
  check_ids(plan, samples);
  Calibration c;
  c.samples = static_cast<int64_t>(samples.rows.size());
  c.tokens = plan.options.seqlen;
  for (const auto& row : samples.rows) c.kept.push_back(calib::kept_positions(row, tokenizer.config().pad_id));
  c.contexts.wide = plan.model->context(c.tokens, at::TensorOptions(at::kFloat));
  c.contexts.narrow = plan.model->context(c.tokens, at::TensorOptions(plan.weight_dtype));
  const int64_t hidden = plan.spec->hidden;
  if (tune::wants_disk(static_cast<uint64_t>(c.samples * c.tokens * hidden) * 4 * 2)) {
    c.disk = work_folder();
    base::info("block inputs are kept in {}", c.disk.string());
  }
  tune::Stage stage;
  stage.name = "embedding";
  for (const ParameterSpec& p : plan.spec->embed) {
    stage.parameters.push_back({p.tensor, load_unquantized(plan, p.tensor), false});
  }
  tune::FixedRunner runner(stage);
  c.original = tune::make_stream(c.samples, c.tokens, hidden, c.disk);
  tensor::parallel_for(c.samples, [&](int64_t i) {
    at::NoGradGuard no_grad;
    const at::Tensor ids = row_tensor(samples.rows[static_cast<std::size_t>(i)]);
    c.original.select(0, i).copy_(plan.model->embed(ids, *c.contexts.wide, runner).squeeze(0));
  });
  for (const ParameterSpec& p : plan.spec->embed) plan.source->release(p.tensor);
  return c;
}

}  // namespace ar::engine
