#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/plugin/registry.hpp"

namespace ar::engine {

struct EvaluateOptions {
  std::filesystem::path model;
  std::filesystem::path text;
  std::optional<std::filesystem::path> reference;  // also compare with this model; its tokenizer is used
  std::optional<std::filesystem::path> tokenizer;  // folder with tokenizer.json, instead of the model's own
  std::optional<std::string> activations;          // of the model, not of the reference; as in FileSource
  int64_t seqlen = 512;
  int64_t windows = 16;  // at most
  int64_t skip = 0;      // predictions at the start of a window that do not count; llama-perplexity: seqlen / 2
};

/// Quality on a text cut into windows of seqlen tokens, no overlap, no special tokens added. Means over the seqlen - 1
/// predicted tokens of every window, less those skipped.
struct Evaluation {
  int64_t windows = 0;
  int64_t seqlen = 0;
  double nll = 0.0;                     // negative log-likelihood in nats
  double perplexity = 0.0;              // exp(nll)
  std::optional<double> kl_divergence;  // KL(reference || model) in nats
  std::optional<double> top1;           // how often both find the same token most likely
};

/// Called after each block with the number of blocks done and their total.
using EvaluateProgress = std::function<void(int64_t done, int64_t total)>;

/// Weights are read block by block, logits exist for some rows of one window a thread. The numbers do not depend on the
/// number of threads. Refuses a text with fewer than seqlen tokens.
Evaluation evaluate(plugin::Registry& registry, const EvaluateOptions& options, const EvaluateProgress& progress = {});

/// "ppl 36.0811  nll 3.585768  windows 16 x 512  kld 0.134000  top1 0.7820"
std::string describe(const Evaluation& evaluation);

}  // namespace ar::engine
