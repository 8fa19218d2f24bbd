#include "plugins/models/common/decoder.hpp"

#include <limits>

#include <ATen/TensorOperators.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/full.h>

#include "plugins/models/common/ops.hpp"
#include "plugins/models/common/stage_builder.hpp"
#include "plugins/models/common/tower.hpp"

namespace ar::models {
namespace {

constexpr int64_t kEmbedTable = 0;  // the only parameter of embed()
constexpr int64_t kFinalNorm = 0;   // the only parameter of head()
constexpr int64_t kHeadLinear = 0;

bool ends_with(const std::string& text, const std::string& end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

/// 0 where a token may look, -inf elsewhere: j <= i and i - j < window.
at::Tensor window_mask(int64_t length, int64_t window, const at::TensorOptions& options) {
  const at::Tensor hidden = at::full({length, length}, -std::numeric_limits<double>::infinity(), options);
  return hidden.triu(1) + hidden.tril(-window);
}

const DecoderContext& as_decoder(const Context& context) { return static_cast<const DecoderContext&>(context); }

}  // namespace

Decoder::Decoder(const DecoderSpec& spec, const Config& config, const TensorTable& tensors)
    : Decoder(spec, config, StoredNames(tensors, spec.names.prefix)) {}

Decoder::Decoder(const DecoderSpec& spec, const Config& config, const StoredNames& stored)
    : Decoder(spec, config, spec.text_config == nullptr ? config : config.over(spec.text_config), stored) {}

Decoder::Decoder(const DecoderSpec& spec, const Config& config, const Config& text, const StoredNames& stored)
    : shape_(read_shape(spec, text)) {
  spec_.model_type = spec.model_type;
  spec_.architecture = spec.architecture;
  spec_.hidden = shape_.hidden;
  spec_.vocab = shape_.vocab;
  spec_.max_positions = shape_.max_positions;
  spec_.block_prefix = spec.names.blocks;
  spec_.block_module = spec.names.block_module;
  spec_.tied = shape_.tied;
  build_io(spec, stored);
  for (int64_t i = 0; i < shape_.layers; ++i) build_block(spec, stored, i);
  find_dropped(spec, stored);
  Tower tower;
  if (spec.tower != nullptr && config.has("vision_config")) tower = spec.tower(config, shape_.hidden, stored);
  spec_.copied_linears = tower.linears;
  const std::string gguf =
      gguf_declaration(spec, shape_, text, std::move(gguf_blocks_), std::move(gguf_outside_), tower);
  if (!gguf.empty()) spec_.declarations["gguf"] = gguf;
}

void Decoder::build_io(const DecoderSpec& spec, const StoredNames& stored) {
  const std::string embed = std::string(spec.names.embed.module) + ".weight";
  const std::string head = std::string(spec.names.head.module) + ".weight";
  if (shape_.tied && stored.find(embed).empty() && !stored.find(head).empty()) {
    // The one matrix is stored under the head's name; loaders expect it under the embedding's.
    ParameterSpec table;
    table.tensor = stored.require(head, {shape_.vocab, shape_.hidden});
    table.export_name = embed;
    table.gguf_name = std::string(spec.names.embed.gguf) + ".weight";
    gguf_outside_.push_back({embed, table.gguf_name, {shape_.vocab, shape_.hidden}});
    spec_.embed.push_back(table);
  } else {
    StageBuilder stage(stored, "", "");
    stage.parameter(spec.names.embed, {shape_.vocab, shape_.hidden});
    gguf_outside_ = stage.gguf_tensors();
    spec_.embed = std::move(stage.parameters());
  }

  StageBuilder stage(stored, "", "");
  stage.norm(spec.names.final_norm, shape_.hidden);
  spec_.head_parameters = std::move(stage.parameters());
  if (shape_.tied) {
    LinearSpec tied;
    tied.name = spec.names.head.module;
    tied.weight = spec_.embed.front().tensor;
    tied.out = shape_.vocab;
    tied.in = shape_.hidden;
    spec_.head.push_back(tied);
  } else {
    stage.linear(spec.names.head, shape_.vocab, shape_.hidden, false);
    spec_.head = std::move(stage.linears());
  }
  const auto& named = stage.gguf_tensors();
  gguf_outside_.insert(gguf_outside_.end(), named.begin(), named.end());
}

void Decoder::build_block(const DecoderSpec& spec, const StoredNames& stored, int64_t layer) {
  BlockSpec out;
  out.name = std::string(spec.names.blocks) + "." + std::to_string(layer);
  StageBuilder stage(stored, out.name + ".", "blk." + std::to_string(layer) + ".");
  Block block;
  block.attention = spec.attention(spec, shape_, layer, stage);
  block.mlp = spec.mlp(spec, shape_, layer, stage);
  block.attention_norm = stage.norm(spec.names.attention_norm, shape_.hidden);
  block.mlp_norm = stage.norm(spec.names.mlp_norm, shape_.hidden);
  const auto& named = stage.gguf_tensors();
  gguf_blocks_.insert(gguf_blocks_.end(), named.begin(), named.end());
  out.linears = std::move(stage.linears());
  out.parameters = std::move(stage.parameters());
  out.attentions = std::move(stage.attentions());
  for (const char* name : spec.keep16) spec_.keep16.push_back(out.name + "." + name);
  spec_.blocks.push_back(std::move(out));
  blocks_.push_back(std::move(block));
}

void Decoder::find_dropped(const DecoderSpec& spec, const StoredNames& stored) {
  for (const auto& [name, info] : stored.tensors()) {
    for (const char* end : spec.names.dropped) {
      if (ends_with(name, end)) spec_.dropped.push_back(name);
    }
  }
  // A tied head that is stored all the same.
  const std::string head = stored.find(std::string(spec.names.head.module) + ".weight");
  if (shape_.tied && !head.empty() && head != spec_.embed.front().tensor) spec_.dropped.push_back(head);
}

std::shared_ptr<const Context> Decoder::context(int64_t length, const at::TensorOptions& options) const {
  auto context = std::make_shared<DecoderContext>();
  context->length = length;
  context->rope = rope_tables(shape_.rope, length);
  context->rope.cos = context->rope.cos.to(options);
  context->rope.sin = context->rope.sin.to(options);
  for (const int64_t window : shape_.windows) {
    if (window > 0 && window < length && context->masks.count(window) == 0) {
      context->masks[window] = window_mask(length, window, options);
    }
  }
  return context;
}

at::Tensor Decoder::embed(const at::Tensor& ids, const Context&, Runner& runner) const {
  return at::embedding(runner.parameter(kEmbedTable), ids);
}

at::Tensor Decoder::block(int64_t index, const at::Tensor& hidden, const Context& context, Runner& runner) const {
  const Block& block = blocks_.at(static_cast<std::size_t>(index));
  const at::Tensor normed = rms_norm(hidden, runner.parameter(block.attention_norm), shape_.norm_eps);
  const at::Tensor mixed = hidden + block.attention->run(normed, as_decoder(context), runner);
  return mixed + block.mlp->run(rms_norm(mixed, runner.parameter(block.mlp_norm), shape_.norm_eps), runner);
}

at::Tensor Decoder::head(const at::Tensor& hidden, const Context&, Runner& runner) const {
  return runner.linear(kHeadLinear, rms_norm(hidden, runner.parameter(kFinalNorm), shape_.norm_eps));
}

}  // namespace ar::models
