// What holds for model adapters, tried on a tiny checkpoint: --checkpoint DIR.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "model_harness.hpp"

namespace ar::conformance {
namespace {

class ModelRules : public testing::Test {
 protected:
  void SetUp() override {
    if (subject().checkpoint.empty()) GTEST_SKIP() << "no --checkpoint DIR";
  }
};

TEST_F(ModelRules, KnowsItsOwnConfig) {
  EXPECT_GT(subject().model->api.match(config_text().c_str()), 0) << "match gives 0 for the checkpoint's config.json";
}

TEST_F(ModelRules, DoesNotClaimOtherConfigs) {
  for (const char* text : {"", "{", "[]", "{}", R"({"model_type":"no_such_model","architectures":["NoSuchModel"]})"}) {
    EXPECT_LE(subject().model->api.match(text), 0) << "match claims '" << text << "'";
  }
}

TEST_F(ModelRules, UsesEveryStoredTensor) {
  TinyModel tiny;
  std::set<std::string> unused;
  for (const auto& [name, info] : tiny.table) unused.insert(name);
  for (const std::string& name : tiny.used_tensors()) {
    EXPECT_EQ(tiny.table.count(name), 1U) << "'" << name << "' is used and not stored";
    unused.erase(name);
  }
  for (const std::string& name : tiny.spec().dropped) unused.erase(name);
  EXPECT_TRUE(unused.empty() || subject().quirks.copies_tower) << unused.size() << " stored tensors are neither used nor dropped, first '"
                              << *unused.begin() << "'";
}

TEST_F(ModelRules, NamesATensorThatIsMissing) {
  TinyModel tiny;
  TensorTable torn = tiny.table;
  const std::string name = tiny.spec().blocks.at(0).linears.at(0).weight;
  torn.erase(name);
  const std::string text = failure_of([&] { arch().open(config_text(), torn); });
  EXPECT_NE(text.find(name), std::string::npos) << "without '" << name << "' it says: " << text;
}

TEST_F(ModelRules, NamesATensorOfTheWrongShape) {
  TinyModel tiny;
  TensorTable torn = tiny.table;
  const std::string name = tiny.spec().blocks.at(0).linears.at(0).weight;
  torn[name].shape.back() += 1;
  const std::string text = failure_of([&] { arch().open(config_text(), torn); });
  EXPECT_NE(text.find(name), std::string::npos) << "with a wrong shape of '" << name << "' it says: " << text;
}

TEST_F(ModelRules, RefusesATornConfig) {
  TinyModel tiny;
  for (const char* text : {"", "{", "[]", "{}"}) {
    EXPECT_NE(failure_of([&] { arch().open(text, tiny.table); }), "") << "the config '" << text << "' was accepted";
  }
}

TEST_F(ModelRules, GivesOneRowOfLogitsPerToken) {
  TinyModel tiny;
  const at::Tensor logits = tiny.logits();
  const std::vector<int64_t> expected = {1, TinyModel::kTokens, tiny.spec().vocab};
  EXPECT_EQ(logits.sizes().vec(), expected);
  EXPECT_TRUE(std::isfinite(logits.sum().item<double>()));
}

TEST_F(ModelRules, GivesTheSameBytesTwice) {
  TinyModel tiny;
  EXPECT_TRUE(tiny.logits().equal(tiny.logits()));
}

TEST_F(ModelRules, LaterTokensDoNotChangeEarlierOnes) {
  TinyModel tiny;
  const at::Tensor before = tiny.logits();
  tiny.tokens.back() = (tiny.tokens.back() + 1) % tiny.spec().vocab;
  const at::Tensor after = tiny.logits();
  const int64_t n = TinyModel::kTokens - 1;
  EXPECT_TRUE(before.narrow(1, 0, n).equal(after.narrow(1, 0, n)));
}

TEST_F(ModelRules, AsksForTheStatesOfEveryAttention) {
  TinyModel tiny;
  const auto& attentions = tiny.spec().blocks.at(0).attentions;
  if (attentions.empty()) GTEST_SKIP() << "declares no attention";
  const auto plain = tiny.attention(1.0);
  ASSERT_EQ(plain.states.size(), attentions.size());
  std::set<int64_t> ids;
  for (const auto& [id, states] : plain.states) {
    ASSERT_LT(static_cast<std::size_t>(id), attentions.size());
    EXPECT_TRUE(ids.insert(id).second) << "attention " << id << " asks twice";
    const AttentionSpec& attention = attentions[static_cast<std::size_t>(id)];
    EXPECT_FALSE(attention.name.empty() || attention.type.empty());
    EXPECT_EQ(states.query.sizes().slice(0, 3).vec(), (std::vector<int64_t>{1, TinyModel::kTokens, attention.heads}));
    for (const at::Tensor& t : {states.key, states.value}) {
      EXPECT_EQ(t.sizes().slice(0, 3).vec(), (std::vector<int64_t>{1, TinyModel::kTokens, attention.kv_heads}));
    }
  }
  EXPECT_FALSE(tiny.attention(2.0).output.equal(plain.output)) << "what the runner gives back is not used";
}

// The slope along a random direction against a central difference. float64 leaves about 1e-9 of rounding at this step;
// what remains is the curvature term, h^2 times the third derivative.
constexpr double kStep = 1e-4;
constexpr double kSlopeTolerance = 1e-4;

TEST_F(ModelRules, GradientMatchesFiniteDifferences) {
  TinyModel tiny(at::kDouble);
  for (std::size_t i = 0; i < tiny.spec().blocks.at(0).linears.size(); ++i) {
    const Slopes s = tiny.slopes(static_cast<int64_t>(i), kStep);
    EXPECT_NEAR(s.gradient, s.difference, kSlopeTolerance * std::max(1.0, std::abs(s.difference)))
        << tiny.spec().blocks[0].linears[i].name;
  }
}

}  // namespace
}  // namespace ar::conformance
