#include <algorithm>
#include <cstdint>
#include <string>

#include "tests/cli/cli_test.hpp"
#include "tests/cli/fixtures.hpp"

/// What a run with several outputs, or a long model, must keep to.
namespace ar::cli {
namespace {

std::uintmax_t weight_bytes(const fs::path& model) { return fs::file_size(model / "model.safetensors"); }

/// A format's part of a run with several: its name, and the back end it chose, with dashes.
fs::path subfolder(const fs::path& all, std::string format) {
  for (char& c : format) c = c == '_' ? '-' : c;
  for (const auto& entry : fs::directory_iterator(all)) {
    if (entry.path().filename().string().rfind(format, 0) == 0) return entry.path();
  }
  ADD_FAILURE() << all << " has no folder for " << format;
  return {};
}

TEST_F(CliTest, SeveralFormatsEqualSingleRuns) {
  const std::string tuned = "--iters 2 --group_size 32 ";
  ASSERT_EQ(quantize(tuned + "--format auto_round,auto_gptq,auto_awq,llm_compressor").status, 0);
  const fs::path all = in("out") / "tiny-qwen3-w4g32";
  for (const std::string format : {"auto_round", "auto_gptq", "auto_awq", "llm_compressor"}) {
    fs::remove_all(in("alone"));
    ASSERT_EQ(quantize(tuned + "--format " + format + " --output_dir alone").status, 0) << format;
    const fs::path alone = in("alone") / "tiny-qwen3-w4g32", one = subfolder(all, format);
    EXPECT_EQ(weight_files(one), weight_files(alone)) << format;
    EXPECT_EQ(read_file(one / "config.json"), read_file(alone / "config.json")) << format;
  }
}

class StreamingTest : public CliTest {
 protected:
  /// Peak memory of an export of a llama with so many equal blocks.
  std::int64_t peak(std::int64_t blocks, const std::string& options) {
    const std::string name = "llama-" + std::to_string(blocks);
    if (!fs::exists(in(name))) {
      make_model("tiny-llama", in(name), {{"num_hidden_layers", blocks}, {"hidden_size", 512}, {"intermediate_size", 1024}});
    }
    const auto result = run("auto-round", "--model " + name + " --device_map cpu --output_dir out " + options);
    EXPECT_EQ(result.status, 0) << result.err;
    fs::remove_all(in("out"));
    return result.peak_bytes;
  }
};

TEST_F(StreamingTest, MemoryDoesNotGrowWithTheBlocksOfAGgufFile) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "AddressSanitizer keeps what was freed";
#endif
  for (const char* blocks : {"4", "24"}) {
    (void)peak(std::stoll(blocks), "--iters 0 --disable_opt_rtn --format gguf:q8_0 --output_dir made");
    const std::string name = std::string("llama-") + blocks;
    fs::rename(fs::directory_iterator(in("made/" + name + "-gguf"))->path(), in(name + ".gguf"));
  }
  const auto of_file = [&](const std::string& blocks) {
    const auto result = run("auto-round", "--model llama-" + blocks +
                                              ".gguf --tokenizer llama-4 --device_map cpu --iters 0 "
                                              "--disable_opt_rtn --output_dir out");
    EXPECT_EQ(result.status, 0) << result.err;
    fs::remove_all(in("out"));
    return result.peak_bytes;
  };
  const auto bound = static_cast<std::int64_t>(fs::file_size(in("llama-24.gguf")) / 5);
  auto few = of_file("4"), many = of_file("24");
  for (int again = 0; again < 2 && many - few >= bound; ++again) {
    few = std::min(few, of_file("4"));
    many = std::min(many, of_file("24"));
  }
  EXPECT_LT(many - few, bound) << few << " and " << many << " bytes";
}

TEST_F(StreamingTest, MemoryDoesNotGrowWithTheBlocks) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "AddressSanitizer keeps what was freed";
#endif
  for (const std::string options : {"--iters 0 --disable_opt_rtn --format auto_round", "--iters 0 --disable_opt_rtn --format fake",
                                    "--iters 0 --disable_opt_rtn --format gguf:q4_0",
                                    "--iters 0 --disable_opt_rtn --format llm_compressor --scheme MXFP4"}) {
    // The least of up to three runs each: whatever else the machine does can only add.
    auto few = peak(4, options), many = peak(24, options);
    const auto bound = static_cast<std::int64_t>(weight_bytes(in("llama-24")) / 10);
    for (int again = 0; again < 2 && many - few >= bound; ++again) {
      few = std::min(few, peak(4, options));
      many = std::min(many, peak(24, options));
    }
    EXPECT_LT(many - few, bound) << options << ": " << few << " and " << many << " bytes";
  }
}

}  // namespace
}  // namespace ar::cli
