// From a source model to an exported folder with the real program, compared with what upstream wrote.
#include <filesystem>

#include <gtest/gtest.h>

#include "tests/cli/run.hpp"
#include "tests/tools/compare_checkpoint.hpp"

namespace ar::test {
namespace {

namespace fs = std::filesystem;

const fs::path kGolden = fs::path(AR_SOURCE_DIR) / "tests/golden/upstream";
const fs::path kProgram = fs::path(AR_BINARY_DIR) / "bin/auto-round";

std::vector<std::string> case_names() {
  std::vector<std::string> names;
  const auto expected = boost::json::parse(read_bytes(kGolden / "expected.json"));
  for (const auto& [name, value] : expected.as_object()) names.emplace_back(name);
  return names;
}

/// The one model folder below `root`.
fs::path find_export(const fs::path& root) {
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    if (entry.path().filename() == "config.json") return entry.path().parent_path();
  }
  throw std::runtime_error("no config.json below " + root.string());
}

fs::path find_model(const std::string& name) {
  const fs::path compact = kGolden / "models" / name;
  const std::string shared = AR_SHARED_DIR;
  if (fs::exists(compact) || shared.empty()) return compact;
  return fs::path(shared) / "golden/upstream/models" / name;
}

class GoldenExport : public testing::TestWithParam<std::string> {};

TEST_P(GoldenExport, EqualsUpstreamTensorByTensor) {
  if (!fs::exists(kProgram)) GTEST_SKIP() << kProgram << " is not built";
  CheckpointComparison comparison(kGolden, GetParam());
  const fs::path model = find_model(comparison.model());
  if (!fs::exists(model)) GTEST_SKIP() << comparison.model() << " is in the full golden set only (AR_SHARED)";

  const fs::path root = fs::path(AR_BINARY_DIR) / "tests/golden_export" / GetParam();
  fs::remove_all(root);
  fs::create_directories(root);
  std::vector<std::string> args{model};
  for (const std::string& argument : comparison.arguments()) args.push_back(argument);
  args.insert(args.end(), {"--output_dir", root / "out"});
  const cli::Result result = cli::run_program("auto-round", args, {root, {{"AR_ALLOW_W8_ASYM", "1"}}, {}});
  ASSERT_EQ(result.status, 0) << result.err;
  for (const std::string& difference : comparison.differences(find_export(root / "out"))) ADD_FAILURE() << difference;
  if (!HasFailure()) fs::remove_all(root);
}

std::string test_name(const testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  for (char& c : name) c = c == '-' ? '_' : c;
  return name;
}
INSTANTIATE_TEST_SUITE_P(Cases, GoldenExport, testing::ValuesIn(case_names()), test_name);

}  // namespace
}  // namespace ar::test
