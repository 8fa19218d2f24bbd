#include "core/engine/stored_states.hpp"

#include <gtest/gtest.h>

#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/tensor.h>

#include "core/model/checkpoint_tensor.hpp"
#include "tests/unit/expect_error.hpp"
#include "tests/unit/temp_folder.hpp"

namespace ar::engine {
namespace {

const AttentionSpec kAttention{"a", "Attention", 4, 2};

class StoredStatesTest : public testing::Test {
 protected:
  model::Checkpoint checkpoint(const std::vector<std::pair<std::string, at::Tensor>>& tensors) {
    model::write_safetensors(folder_.path() / "model.safetensors", tensors);
    return model::Checkpoint(folder_.path());
  }
  static ModelSpec spec() {
    ModelSpec spec;
    spec.blocks.resize(1);
    spec.blocks[0].attentions = {kAttention};
    return spec;
  }
  test::TempFolder folder_;
};

TEST_F(StoredStatesTest, ReadsOneNumberOrOneAHead) {
  const auto stored = checkpoint(
      {{"a.k_scale", at::full({}, 0.5).to(at::kBFloat16)}, {"a.v_scale", at::tensor({0.25f, 2.0f}).view({2, 1, 1})}});
  const StoredStates states = read_states(stored, kAttention);
  EXPECT_TRUE(at::equal(states.key, at::tensor({0.5f})));
  EXPECT_TRUE(at::equal(states.value, at::tensor({0.25f, 2.0f})));
  EXPECT_FALSE(states.query.defined());
  EXPECT_EQ(state_tensors(stored, spec()), (std::vector<std::string>{"a.k_scale", "a.v_scale"}));
}

TEST_F(StoredStatesTest, SaysWhichOptionsWouldStoreTheSame) {
  const at::Tensor one = at::full({1}, 0.5F);
  const auto kv = stored_states(checkpoint({{"a.k_scale", one}, {"a.v_scale", one}}), spec());
  EXPECT_EQ(kv.kv_dtype, "fp8");
  EXPECT_FALSE(kv.queries());
  EXPECT_EQ(kv.granularity, quant::Granularity::kTensor);
  const auto all =
      stored_states(checkpoint({{"a.k_scale", one}, {"a.v_scale", one}, {"a.q_scale", at::full({4}, 0.5F)}}), spec());
  EXPECT_TRUE(all.queries() && all.kv_dtype.empty());
  EXPECT_EQ(all.granularity, quant::Granularity::kHead);
  EXPECT_FALSE(stored_states(checkpoint({{"b", one}}), spec()).any());
}

TEST_F(StoredStatesTest, NamesATensorThatIsNoScale) {
  const auto three = checkpoint({{"a.v_scale", at::full({3}, 0.5F)}});
  test::expect_error(base::Exit::kFailed,
                     {"tensor a.v_scale is F32 [3]; scales of attention are one number, or one a head (2)"},
                     [&] { read_states(three, kAttention); });
  const auto integer = checkpoint({{"a.q_scale", at::full({1}, 1, at::kLong)}});
  test::expect_error(base::Exit::kFailed, {"tensor a.q_scale is I64 [1]"}, [&] { read_states(integer, kAttention); });
}

}  // namespace
}  // namespace ar::engine
