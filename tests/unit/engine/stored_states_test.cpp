#include "core/engine/stored_states.hpp"

#include <map>
#include <utility>

#include <gtest/gtest.h>

#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/tensor.h>

#include "tests/unit/expect_error.hpp"

namespace ar::engine {
namespace {

const AttentionSpec kAttention{"a", "Attention", 4, 2};

using Tensors = std::map<std::string, at::Tensor>;

class TensorsOnly final : public ModelSource {
 public:
  explicit TensorsOnly(Tensors tensors) : tensors_(std::move(tensors)) {}
  bool contains(const std::string& name) const override { return tensors_.count(name) != 0; }
  TensorInfo info(const std::string& name) const override {
    const at::Tensor t = tensor(name);
    return {t.scalar_type() == at::kFloat ? "F32" : "other", t.sizes().vec()};
  }
  std::vector<std::string> names_in_order() const override { return {}; }
  int64_t n_parameters() const override { return 0; }
  std::filesystem::path place(const std::string&) const override { return "here"; }
  LoadedWeight linear(const LinearSpec&) const override { return {}; }
  at::Tensor tensor(const std::string& name) const override { return tensors_.at(name); }

 private:
  Tensors tensors_;
};

ModelSpec spec() {
  ModelSpec spec;
  spec.blocks.resize(1);
  spec.blocks[0].attentions = {kAttention};
  return spec;
}

TEST(StoredStates, ReadsOneNumberOrOneAHead) {
  const TensorsOnly stored(
      {{"a.k_scale", at::full({}, 0.5).to(at::kBFloat16)}, {"a.v_scale", at::tensor({0.25f, 2.0f}).view({2, 1, 1})}});
  const StoredStates states = read_states(stored, kAttention);
  EXPECT_TRUE(at::equal(states.key, at::tensor({0.5f})));
  EXPECT_TRUE(at::equal(states.value, at::tensor({0.25f, 2.0f})));
  EXPECT_FALSE(states.query.defined());
  EXPECT_EQ(state_tensors(stored, spec()), (std::vector<std::string>{"a.k_scale", "a.v_scale"}));
}

TEST(StoredStates, SaysWhichOptionsWouldStoreTheSame) {
  const at::Tensor one = at::full({1}, 0.5F);
  const auto kv = stored_states(TensorsOnly({{"a.k_scale", one}, {"a.v_scale", one}}), spec());
  EXPECT_EQ(kv.kv_dtype, "fp8");
  EXPECT_FALSE(kv.queries());
  EXPECT_EQ(kv.granularity, quant::Granularity::kTensor);
  const auto all =
      stored_states(TensorsOnly({{"a.k_scale", one}, {"a.v_scale", one}, {"a.q_scale", at::full({4}, 0.5F)}}), spec());
  EXPECT_TRUE(all.queries() && all.kv_dtype.empty());
  EXPECT_EQ(all.granularity, quant::Granularity::kHead);
  EXPECT_FALSE(stored_states(TensorsOnly({{"b", one}}), spec()).any());
}

TEST(StoredStates, NamesATensorThatIsNoScale) {
  const TensorsOnly three({{"a.v_scale", at::full({3}, 0.5F)}});
  test::expect_error(base::Exit::kFailed,
                     {"here: tensor a.v_scale is F32 [3]; scales of attention are one number, or one a head (2)"},
                     [&] { read_states(three, kAttention); });
  const TensorsOnly integer({{"a.q_scale", at::full({1}, 1, at::kLong)}});
  test::expect_error(base::Exit::kFailed, {"here: tensor a.q_scale is other [1]"}, [&] { read_states(integer, kAttention); });
}

}  // namespace
}  // namespace ar::engine
