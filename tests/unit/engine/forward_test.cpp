#include "core/engine/forward.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include <ATen/TensorOperators.h>
#include <ATen/ops/zeros.h>

#include "core/base/error.hpp"
#include "core/base/json.hpp"
#include "core/model/checkpoint_tensor.hpp"
#include "core/tensor/parallel.hpp"
#include "tests/unit/engine/models.hpp"
#include "tests/unit/temp_folder.hpp"

namespace fs = std::filesystem;

namespace ar::engine {
namespace {

constexpr std::array kFamilies{"llama", "qwen2", "qwen3", "qwen2_vl", "qwen2_5_vl", "qwen3_vl"};
const std::string kText = "text.";  // begins the names of text-only runs of models that see

/// Dense models of the families there are adapters for.
std::vector<std::string> cases() {
  std::vector<std::string> names;
  for (const auto& item : fs::directory_iterator(test::golden_models())) {
    if (!fs::exists(item.path() / "config.json")) continue;
    const auto json = base::parse_json_file(item.path() / "config.json");
    const std::string type = base::JsonCursor(json, "config.json").get_string("model_type", "");
    if (std::find(kFamilies.begin(), kFamilies.end(), type) != kFamilies.end())
      names.push_back(item.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

/// A copy of a case's model with one of its two configurations.
void make_model(const fs::path& source, const std::string& config, const fs::path& folder) {
  fs::create_symlink(source / "model.safetensors", folder / "model.safetensors");
  fs::copy_file(source / config, folder / "config.json");
}

/// Tensors of the text-only run, without the beginning of their names; all of them for models that only read.
std::map<std::string, at::Tensor> text_run(const fs::path& file) {
  std::map<std::string, at::Tensor> run;
  const auto stored = model::read_safetensors(file);
  const bool sees = std::any_of(stored.begin(), stored.end(), [](const auto& t) { return t.first.rfind(kText, 0) == 0; });
  for (const auto& [name, value] : stored) {
    if (!sees) run.emplace(name, value);
    if (name.rfind(kText, 0) == 0 && name != kText + "position_ids") run.emplace(name.substr(kText.size()), value);
  }
  return run;
}

double max_difference(const at::Tensor& a, const at::Tensor& b) { return (a - b).abs().max().item<double>(); }

class ForwardGolden : public testing::TestWithParam<std::tuple<std::string, const char*>> {};

TEST_P(ForwardGolden, EqualsTransformers) {
  const auto& [name, config] = GetParam();
  const fs::path source = test::golden_models() / name;
  const test::TempFolder folder;
  make_model(source, config, folder.path());
  const auto inputs = text_run(source / "inputs.safetensors");
  model::write_safetensors(folder / "in.safetensors", {inputs.begin(), inputs.end()});
  const tensor::ThreadControl threads;
  forward(test::registry(), folder.path(), folder / "in.safetensors", folder / "out.safetensors");

  const auto meta = base::parse_json_file(source / "meta.json");
  const double tolerance = base::JsonCursor(meta, "meta.json").get_double("tolerance_abs");
  const auto expected = text_run(source / "outputs.safetensors");
  const auto actual = model::read_safetensors(folder / "out.safetensors");
  EXPECT_EQ(actual.size(), expected.size());
  for (const auto& [tensor, value] : expected) {
    ASSERT_EQ(actual.count(tensor), 1U) << tensor;
    ASSERT_EQ(actual.at(tensor).sizes(), value.sizes()) << tensor;
    EXPECT_LE(max_difference(actual.at(tensor), value), tolerance) << tensor;
  }
}

std::string case_name(const testing::TestParamInfo<ForwardGolden::ParamType>& info) {
  std::string name = std::get<0>(info.param) + "_" + std::get<1>(info.param);
  std::replace_if(
      name.begin(), name.end(), [](char c) { return c == '-' || c == '.'; }, '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Models, ForwardGolden,
                         testing::Combine(testing::ValuesIn(cases()),
                                          testing::Values("config.json", "config.hub.json")),
                         case_name);

class ForwardInputs : public testing::Test {
 protected:
  /// Runs one golden model on these inputs; returns the message it fails with.
  std::string failure(const std::vector<std::pair<std::string, at::Tensor>>& inputs) {
    const test::TempFolder folder;
    model::write_safetensors(folder / "in.safetensors", inputs);
    try {
      forward(test::registry(), test::golden_models() / "llama", folder / "in.safetensors", folder / "out.safetensors");
    } catch (const base::Error& e) {
      return e.what();
    }
    return "";
  }
};

TEST_F(ForwardInputs, NeedsIds) { EXPECT_NE(failure({}).find("no tensor input_ids"), std::string::npos); }

TEST_F(ForwardInputs, RefusesAnIdOutsideTheVocabulary) {
  EXPECT_EQ(failure({{"input_ids", at::zeros({1, 4}, at::kLong) + 128}}), "token id 128: the model's ids are 0 to 127");
}

TEST_F(ForwardInputs, RefusesPaddingOnTheLeft) {
  at::Tensor mask = at::zeros({1, 4}, at::kLong);
  mask[0][3] = 1;
  const std::string text = failure({{"input_ids", at::zeros({1, 4}, at::kLong)}, {"attention_mask", mask}});
  EXPECT_NE(text.find("attention_mask row 0: must be ones, then zeros"), std::string::npos) << text;
}

}  // namespace
}  // namespace ar::engine
