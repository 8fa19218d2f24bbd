#include <memory>

#include "plugins/models/common/decoder_spec.hpp"
#include "plugins/models/common/ops.hpp"
#include "plugins/models/common/part.hpp"
#include "plugins/models/common/shape.hpp"
#include "plugins/models/common/stage_builder.hpp"

namespace ar::models {
namespace {

/// down(silu(gate x) * up x)
class GatedSilu final : public Mlp {
 public:
  GatedSilu(const DecoderSpec& spec, const Shape& shape, StageBuilder& stage)
      : gate_(stage.linear(spec.names.gate, shape.mlp_width, shape.hidden, shape.mlp_bias)),
        up_(stage.linear(spec.names.up, shape.mlp_width, shape.hidden, shape.mlp_bias)),
        down_(stage.linear(spec.names.down, shape.hidden, shape.mlp_width, shape.mlp_bias)) {}

  at::Tensor run(const at::Tensor& x, Runner& runner) const override {
    return runner.linear(down_, silu_mul(runner.linear(gate_, x), runner.linear(up_, x)));
  }

 private:
  int64_t gate_, up_, down_;
};

}  // namespace

std::unique_ptr<Mlp> gated_silu_mlp(const DecoderSpec& spec, const Shape& shape, int64_t, StageBuilder& stage) {
  return std::make_unique<GatedSilu>(spec, shape, stage);
}

}  // namespace ar::models
