#include <cmath>
#include <memory>

#include "plugins/models/common/attention_op.hpp"
#include "plugins/models/common/decoder_spec.hpp"
#include "plugins/models/common/ops.hpp"
#include "plugins/models/common/part.hpp"
#include "plugins/models/common/shape.hpp"
#include "plugins/models/common/stage_builder.hpp"

namespace ar::models {
namespace {

/// Causal attention with q, k, v and o as four matrices, grouped key-value heads, rotary positions.
class SeparateQkv final : public Attention {
 public:
  SeparateQkv(const DecoderSpec& spec, const Shape& shape, int64_t layer, StageBuilder& stage)
      : heads_(shape.heads),
        kv_heads_(shape.kv_heads),
        head_dim_(shape.head_dim),
        eps_(shape.norm_eps),
        window_(shape.windows[static_cast<std::size_t>(layer)]) {
    const int64_t width = heads_ * head_dim_;
    const int64_t kv_width = kv_heads_ * head_dim_;
    q_ = stage.linear(spec.names.q, width, shape.hidden, shape.qkv_bias);
    k_ = stage.linear(spec.names.k, kv_width, shape.hidden, shape.qkv_bias);
    v_ = stage.linear(spec.names.v, kv_width, shape.hidden, shape.qkv_bias);
    stage.rotated(q_, heads_);
    stage.rotated(k_, kv_heads_);
    id_ = stage.attention(spec.names.attention, spec.names.attention_type, heads_, kv_heads_);
    o_ = stage.linear(spec.names.o, shape.hidden, width, shape.o_bias);
    if (spec.qk_norm == QkNorm::kHeadRms) {
      q_norm_ = stage.norm(spec.names.q_norm, head_dim_);
      k_norm_ = stage.norm(spec.names.k_norm, head_dim_);
    }
  }

  at::Tensor run(const at::Tensor& x, const DecoderContext& context, Runner& runner) const override {
    const at::Tensor q = turned(runner.linear(q_, x), heads_, q_norm_, context, runner);
    const at::Tensor k = turned(runner.linear(k_, x), kv_heads_, k_norm_, context, runner);
    const at::Tensor v = split(runner.linear(v_, x), kv_heads_);
    return runner.linear(o_, mix(runner.attention(id_, {q, k, v}), context, runner).flatten(2));
  }

 private:
  /// [B, T, n d] -> [B, T, n, d]
  at::Tensor split(const at::Tensor& x, int64_t n) const { return x.view({x.size(0), x.size(1), n, head_dim_}); }

  at::Tensor turned(const at::Tensor& x, int64_t n, int64_t norm, const DecoderContext& context, Runner& runner) const {
    at::Tensor heads = split(x, n);
    if (norm >= 0) heads = rms_norm(heads, runner.parameter(norm), eps_);
    return rotate_half(heads, context.rope);
  }

  /// Only a window that is shorter than the sequence needs a mask.
  at::Tensor mix(const AttentionStates& states, const DecoderContext& context, const Runner& runner) const {
    const auto& [q, k, v] = states;
    const auto mask = context.masks.find(window_);
    const bool masked = window_ > 0 && mask != context.masks.end();
    return masked ? composed::attention(q, k, v, mask->second) : causal_attention(q, k, v, runner.compute());
  }

  int64_t heads_, kv_heads_, head_dim_;
  double eps_;
  int64_t window_;
  int64_t q_ = -1, k_ = -1, v_ = -1, o_ = -1;
  int64_t id_ = -1;  // by which the runner knows this attention
  int64_t q_norm_ = -1, k_norm_ = -1;
};

}  // namespace

std::unique_ptr<Attention> separate_qkv_attention(const DecoderSpec& spec, const Shape& shape, int64_t layer,
                                                  StageBuilder& stage) {
  return std::make_unique<SeparateQkv>(spec, shape, layer, stage);
}

}  // namespace ar::models
