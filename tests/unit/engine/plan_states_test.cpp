#include "core/engine/plan_states.hpp"

#include <gtest/gtest.h>

#include "tests/unit/expect_error.hpp"

namespace ar::engine {
namespace {

/// One block with one quantized layer.
struct Model {
  Model() {
    spec.blocks.resize(1);
    spec.blocks[0].name = "model.layers.0";
    spec.blocks[0].attentions.push_back({"model.layers.0.self_attn", "Attention", 4, 2});
    plan.spec = &spec;
    plan.layers.resize(1);
    plan.layers[0].quantized = true;
    plan.options.static_states.kv_dtype = "fp8";
  }
  ModelSpec spec;
  Plan plan;
};

TEST(PlanStates, TakesAModelWithAttention) {
  Model model;
  plan_states(model.plan);
  EXPECT_TRUE(model.plan.calibrates_states());
  EXPECT_TRUE(model.plan.needs_data());
}

TEST(PlanStates, RefusesABlockWithoutAttention) {
  Model model;
  model.spec.blocks[0].attentions.clear();
  test::expect_error(
      base::Exit::kUsage,
      {"--static_kv_dtype fp8: model.layers.0 has no attention whose states could be quantized, says the model "
       "adapter; leave the option out"},
      [&] { plan_states(model.plan); });
}

TEST(PlanStates, RefusesAModelThatNothingIsQuantizedIn) {
  Model model;
  model.plan.layers[0].quantized = false;
  model.plan.options.static_states.attention_dtype = "float8_e4m3fn";
  test::expect_error(
      base::Exit::kUsage,
      {"--static_attention_dtype float8_e4m3fn: no layer is quantized, and only the config of a quantized model "
       "announces the scales; choose another --scheme or leave the option out"},
      [&] { plan_states(model.plan); });
}

}  // namespace
}  // namespace ar::engine
