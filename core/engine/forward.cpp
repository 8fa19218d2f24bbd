#include "core/engine/forward.hpp"

#include <map>
#include <string>
#include <utility>
#include <vector>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/zeros.h>

#include "core/base/error.hpp"
#include "core/engine/plain_model.hpp"
#include "core/model/checkpoint_tensor.hpp"
#include "core/tensor/parallel.hpp"

namespace ar::engine {
namespace {

struct Batch {
  int64_t rows = 0;
  int64_t tokens = 0;
  std::vector<Sequence> sequences;  // each as long as its mask says
};

at::Tensor matrix(const std::map<std::string, at::Tensor>& file, const std::string& name, const std::string& path) {
  const auto it = file.find(name);
  if (it == file.end()) base::fail("{}: no tensor {}", path, name);
  if (it->second.dim() != 2 || !at::isIntegralType(it->second.scalar_type(), true)) {
    base::fail("{}: tensor {} must be a matrix of integers", path, name);
  }
  return it->second.to(at::kLong).contiguous();
}

/// How many ones a mask row begins with; nothing but zeros may follow.
int64_t row_length(const int64_t* mask, int64_t tokens, int64_t row, const std::string& path) {
  int64_t n = 0;
  while (n < tokens && mask[n] == 1) ++n;
  for (int64_t i = n; i < tokens; ++i) {
    if (mask[i] != 0) base::fail("{}: attention_mask row {}: must be ones, then zeros", path, row);
  }
  if (n == 0) base::fail("{}: attention_mask row {}: has no token", path, row);
  return n;
}

Batch read_batch(const std::filesystem::path& path) {
  const auto file = model::read_safetensors(path);
  const at::Tensor ids = matrix(file, "input_ids", path.string());
  Batch batch;
  batch.rows = ids.size(0);
  batch.tokens = ids.size(1);
  at::Tensor mask;
  if (file.count("attention_mask") != 0) {
    mask = matrix(file, "attention_mask", path.string());
    if (mask.sizes() != ids.sizes()) base::fail("{}: attention_mask must have the shape of input_ids", path.string());
  }
  for (int64_t r = 0; r < batch.rows; ++r) {
    const int64_t n =
        mask.defined() ? row_length(mask.const_data_ptr<int64_t>() + r * batch.tokens, batch.tokens, r, path.string())
                       : batch.tokens;
    batch.sequences.push_back({ids.narrow(0, r, 1).narrow(1, 0, n), {}, nullptr});
  }
  return batch;
}

at::Tensor gather_hidden(const Batch& batch, int64_t hidden) {
  at::Tensor out = at::zeros({batch.rows, batch.tokens, hidden}, at::kFloat);
  for (int64_t r = 0; r < batch.rows; ++r) {
    const at::Tensor& h = batch.sequences[static_cast<std::size_t>(r)].hidden;
    out.select(0, r).narrow(0, 0, h.size(1)).copy_(h.select(0, 0));
  }
  return out;
}

}  // namespace

void forward(plugin::Registry& registry, const std::filesystem::path& folder, const std::filesystem::path& inputs,
             const std::filesystem::path& outputs, const std::optional<std::string>& activations) {
  const at::NoGradGuard no_grad;
  Batch batch = read_batch(inputs);
  const PlainModel model(registry, folder, activations);
  const ModelSpec& spec = model.spec();
  std::vector<std::pair<std::string, at::Tensor>> written;

  model.embed(batch.sequences);
  written.emplace_back("block_in", gather_hidden(batch, spec.hidden));
  for (std::size_t i = 0; i < spec.blocks.size(); ++i) {
    model.block(static_cast<int64_t>(i), batch.sequences);
    written.emplace_back("block_out." + std::to_string(i), gather_hidden(batch, spec.hidden));
  }
  const auto runner = model.head_runner();
  at::Tensor logits = at::zeros({batch.rows, batch.tokens, spec.vocab}, at::kFloat);
  for (int64_t r = 0; r < batch.rows; ++r) {
    const Sequence& s = batch.sequences[static_cast<std::size_t>(r)];
    const at::Tensor row = model.model().head(s.hidden, *s.context, *runner);
    logits.select(0, r).narrow(0, 0, row.size(1)).copy_(row.select(0, 0));
  }
  written.emplace_back("logits", std::move(logits));
  model::write_safetensors(outputs, written);
}

}  // namespace ar::engine
