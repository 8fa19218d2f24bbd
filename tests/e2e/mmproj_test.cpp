// The second file of a GGUF export, of a vision tower, compared with llama.cpp's converter.
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "plugins/formats/gguf/sha256.hpp"
#include "tests/cli/run.hpp"
#include "tests/tools/gguf_file.hpp"
#include "tests/tools/safetensors.hpp"

namespace ar::test {
namespace {

namespace fs = std::filesystem;

const fs::path kGolden = fs::path(AR_SOURCE_DIR) / "tests/golden";
const fs::path kProgram = fs::path(AR_BINARY_DIR) / "bin/auto-round";
const char* const kPreprocessor = "preprocessor_config.json";

class Mmproj : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (!fs::exists(kProgram)) GTEST_SKIP() << kProgram << " is not built";
    fs::remove_all(root_);
    fs::create_directories(model());
    for (const char* name : {"config.json", "model.safetensors"})
      fs::copy_file(kGolden / "models" / GetParam() / name, model() / name);
    for (const char* name : {"tokenizer.model", kPreprocessor}) fs::copy_file(kGolden / "gguf" / name, model() / name);
  }
  void TearDown() override {
    if (!HasFailure()) fs::remove_all(root_);
  }
  fs::path model() const { return root_ / GetParam(); }
  fs::path out() const { return root_ / "out"; }
  const std::string& log() const { return log_; }
  int run(const std::vector<std::string>& args) {
    const cli::Result result = cli::run_program("auto-round", args, {root_, {}, {}});
    log_ = result.err;
    return result.status;
  }
  int quantize() {
    return run({model(), "--format", "gguf:q8_0", "--iters", "0", "--disable_opt_rtn", "--output_dir", out()});
  }
  fs::path file() const { return out() / (std::string(GetParam()) + "-gguf") / "mmproj-model.gguf"; }

 private:
  const fs::path root_ = fs::path(AR_BINARY_DIR) / "tests/mmproj" / GetParam();
  std::string log_;  // of the last run
};

TEST_P(Mmproj, IsWhatLlamaCppsConverterMakes) {
  ASSERT_EQ(quantize(), 0) << log();
  const auto expected = boost::json::parse(read_bytes(kGolden / "gguf/mmproj.json"));
  EXPECT_EQ(gguf::sha256_hex(read_bytes(file())), expected.at(GetParam()).at("sha256").as_string());
}

TEST_P(Mmproj, LeavesNothingOfTheTowerInTheOtherFile) {
  ASSERT_EQ(quantize(), 0) << log();
  size_t text_files = 0;
  for (const auto& entry : fs::directory_iterator(file().parent_path())) {
    if (entry.path() == file()) continue;
    ++text_files;
    const GgufFile text(entry.path());
    for (const auto& [name, tensor] : text.tensors()) EXPECT_NE(name.substr(0, 2), "v.") << name;
  }
  EXPECT_EQ(text_files, 1U);
  EXPECT_EQ(log().find("left out"), std::string::npos) << log();
}

TEST_P(Mmproj, IsNoModelByItself) {
  ASSERT_EQ(quantize(), 0) << log();
  EXPECT_EQ(run({"eval", file(), "--ppl", AR_SOURCE_DIR "/examples/text/eval.txt"}), 2);
  EXPECT_NE(log().find("holds a vision tower, which is no model by itself"), std::string::npos) << log();
  EXPECT_EQ(run({"inspect", file().parent_path()}), 0) << log();
}

TEST_P(Mmproj, NeedsTheColoursMeans) {
  fs::remove(model() / kPreprocessor);
  EXPECT_EQ(quantize(), 2);
  EXPECT_NE(log().find("preprocessor_config.json nor processor_config.json has image_mean"), std::string::npos)
      << log();
  EXPECT_FALSE(fs::exists(file()));
}

TEST_P(Mmproj, FindsTheMeansInsideAProcessorsConfig) {
  const std::string config = read_bytes(model() / kPreprocessor);
  fs::remove(model() / kPreprocessor);
  std::ofstream(model() / "processor_config.json") << R"({"image_processor": )" << config << "}";
  ASSERT_EQ(quantize(), 0) << log();
  const auto expected = boost::json::parse(read_bytes(kGolden / "gguf/mmproj.json"));
  EXPECT_EQ(gguf::sha256_hex(read_bytes(file())), expected.at(GetParam()).at("sha256").as_string());
}

TEST_P(Mmproj, RefusesMeansThatAreNoNumbers) {
  std::ofstream(model() / kPreprocessor) << R"({"image_mean": [0.5, "half"], "image_std": [0.5]})";
  EXPECT_NE(quantize(), 0);
  EXPECT_NE(log().find("preprocessor_config.json: image_mean must be a list of numbers"), std::string::npos) << log();
}

TEST_P(Mmproj, NeedsEveryTensorOfTheTower) {
  fs::remove(model() / "config.json");
  auto config = boost::json::parse(read_bytes(kGolden / "models" / GetParam() / "config.json"));
  auto& depth = config.at("vision_config").at("depth");
  depth = depth.to_number<int>() + 1;
  std::ofstream(model() / "config.json") << boost::json::serialize(config);
  EXPECT_NE(quantize(), 0);
  EXPECT_NE(log().find("is missing in the checkpoint"), std::string::npos) << log();
}

INSTANTIATE_TEST_SUITE_P(Models, Mmproj, testing::Values("qwen2_vl", "qwen2_5_vl", "qwen3_vl"));

}  // namespace
}  // namespace ar::test
