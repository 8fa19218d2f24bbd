// FP8 scales of attention from the real program, compared with what upstream stored for the same model and data.
#include <cmath>
#include <cstring>
#include <filesystem>

#include <gtest/gtest.h>
#include <boost/json.hpp>

#include "tests/cli/run.hpp"
#include "tests/tools/safetensors.hpp"

namespace ar::test {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

const fs::path kGolden = fs::path(AR_SOURCE_DIR) / "tests/golden/upstream";
const fs::path kProgram = fs::path(AR_BINARY_DIR) / "bin/auto-round";

// The largest of a few thousand numbers in bfloat16, whose neighbours are up to 0.8 % apart: other orders of sums move
// it by one or two.
constexpr double kTolerance = 0.016;

const json::object& cases() {
  static const json::value all = json::parse(read_bytes(kGolden / "attention_states.json"));
  return all.as_object();
}

std::vector<std::string> case_names() {
  std::vector<std::string> names;
  for (const auto& [name, value] : cases()) names.emplace_back(name);
  return names;
}

class AttentionStates : public testing::TestWithParam<std::string> {
 protected:
  const json::object& expected() const { return cases().at(GetParam()).as_object(); }

  /// The folder that the program writes for the case.
  fs::path exported() const {
    const fs::path root = fs::path(AR_BINARY_DIR) / "tests/attention_states" / GetParam();
    fs::remove_all(root);
    fs::create_directories(root);
    std::vector<std::string> args{kGolden / "models/tiny-llama", "--device_map", "cpu"};
    for (const auto& word : expected().at("arguments").as_array()) {
      const bool data = word.as_string() == "CALIBRATION";
      args.push_back(data ? (kGolden / "calibration.jsonl").string() : std::string(word.as_string()));
    }
    args.insert(args.end(), {"--output_dir", root / "out"});
    const cli::Result result = cli::run_program("auto-round", args, {root, {}, {}});
    if (result.status != 0) throw std::runtime_error(result.err);
    return fs::directory_iterator(root / "out")->path();
  }
};

bool is_state_scale(const std::string& name) {
  for (const std::string end : {".self_attn.q_scale", ".self_attn.k_scale", ".self_attn.v_scale"}) {
    if (name.size() > end.size() && name.compare(name.size() - end.size(), end.size(), end) == 0) return true;
  }
  return false;
}

TEST_P(AttentionStates, EqualUpstreams) {
  if (!fs::exists(kProgram)) GTEST_SKIP() << kProgram << " is not built";
  const fs::path folder = exported();
  const json::value config = json::parse(read_bytes(folder / "config.json")).at("quantization_config");
  for (const auto& [key, value] : expected().at("config").as_object()) EXPECT_EQ(config.at(key), value) << key;

  const auto& scales = expected().at("scales").as_object();
  std::size_t n = 0;
  for (const auto& [name, tensor] : read_checkpoint(folder)) {
    if (!is_state_scale(name)) continue;
    ++n;
    ASSERT_TRUE(scales.contains(name)) << name;
    const auto& values = scales.at(name).as_array();
    EXPECT_EQ(tensor.dtype, "F32") << name;
    ASSERT_EQ(tensor.shape, std::vector<int64_t>{static_cast<int64_t>(values.size())}) << name;
    for (std::size_t i = 0; i < values.size(); ++i) {
      float ours = 0;
      std::memcpy(&ours, tensor.bytes.data() + i * sizeof ours, sizeof ours);
      const auto theirs = values[i].to_number<double>();
      EXPECT_NEAR(ours, theirs, kTolerance * theirs) << name << " " << i;
    }
  }
  EXPECT_EQ(n, scales.size());
}

std::string test_name(const testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  for (char& c : name) c = c == '-' ? '_' : c;
  return name;
}
INSTANTIATE_TEST_SUITE_P(Cases, AttentionStates, testing::ValuesIn(case_names()), test_name);

}  // namespace
}  // namespace ar::test
