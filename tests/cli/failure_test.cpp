// Runs that are cut short or meet bad files: status, message, and no file with a final name that is incomplete.
#include "tests/cli/cli_test.hpp"

#include <sched.h>
#include <sys/mount.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <iterator>

#include <boost/json.hpp>

namespace ar::cli {
namespace {

/// Sends a signal once the second block has begun.
void signal_in_block_two(RunSettings& settings, int signal) {
  settings.on_err = [signal, sent = false](int pid, const std::string& err) mutable {
    if (sent || err.find("Quantizing model.layers.1") == std::string::npos) return;
    sent = true;
    kill(pid, signal);
  };
}

void edit_weights(const fs::path& file, const std::function<void(std::string& bytes)>& edit) {
  auto bytes = read_file(file);
  edit(bytes);
  std::ofstream(file, std::ios::binary) << bytes;
}

TEST_F(CliTest, InterruptEndsWith130) {
  signal_in_block_two(settings_, SIGINT);
  const auto result = quantize("--iters 300");
  EXPECT_EQ(result.status, 130) << result.err;
  EXPECT_TRUE(has_no_final_file(in("out")));
}

TEST_F(CliTest, KilledRunLeavesNoFinalName) {
  signal_in_block_two(settings_, SIGKILL);
  const auto result = quantize("--iters 300");
  EXPECT_EQ(result.status, 128 + SIGKILL) << result.err;
  EXPECT_TRUE(has_no_final_file(in("out")));
  settings_.on_err = nullptr;
  EXPECT_EQ(quantize("--iters 1").status, 0);
  EXPECT_TRUE(fs::exists(in("out") / "tiny-qwen3-w4g128" / "model.safetensors"));
}

TEST_F(CliTest, FullDiskIsReported) {
  fs::create_directory(in("small"));
  if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      mount("tmpfs", in("small").c_str(), "tmpfs", 0, "size=256k") != 0)
    GTEST_SKIP() << "a small file system cannot be mounted here: " << std::strerror(errno);
  const auto result = quantize("--iters 0 --disable_opt_rtn --output_dir small");
  EXPECT_EQ(result.status, 1);
  EXPECT_TRUE(contains(result.err, "No space left on device"));
  EXPECT_TRUE(contains(result.err, "small/tiny-qwen3-w4g128"));
  EXPECT_TRUE(has_no_final_file(in("small")));
  umount(in("small").c_str());
}

TEST_F(CliTest, TruncatedShardIsNamed) {
  const auto shard = in("tiny-qwen3/model.safetensors");
  fs::resize_file(shard, fs::file_size(shard) / 2);
  const auto result = quantize("--iters 1");
  EXPECT_EQ(result.status, 1);
  EXPECT_TRUE(contains(result.err, "tiny-qwen3/model.safetensors"));
  EXPECT_TRUE(has_no_final_file(in("out")));
}

TEST_F(CliTest, GitLfsPointerIsRecognised) {
  std::ofstream(in("tiny-qwen3/model.safetensors"))
      << "version https://git-lfs.github.com/spec/v1\noid sha256:" << std::string(64, '0') << "\nsize 2889304\n";
  const auto result = quantize("--iters 1");
  EXPECT_EQ(result.status, 1);
  EXPECT_TRUE(contains(result.err, "tiny-qwen3/model.safetensors"));
  EXPECT_TRUE(contains(result.err, "Git LFS"));
  EXPECT_TRUE(has_no_final_file(in("out")));
}

TEST_F(CliTest, NotANumberInAWeightIsNamed) {
  const auto headers = tensor_headers(in("tiny-qwen3"));
  const std::string name = "model.layers.1.mlp.up_proj.weight";
  const auto offset = headers.at(name).at("data_offsets").as_array()[0].to_number<std::uint64_t>();
  edit_weights(in("tiny-qwen3/model.safetensors"), [&](std::string& bytes) {
    std::uint64_t length = 0;
    std::memcpy(&length, bytes.data(), sizeof length);
    const std::uint16_t nan = 0x7fc0;
    std::memcpy(bytes.data() + sizeof length + length + offset, &nan, sizeof nan);
  });
  for (const char* method : {"--iters 1", "--iters 0 --disable_opt_rtn"}) {
    const auto result = quantize(method);
    EXPECT_EQ(result.status, 1) << method;
    EXPECT_TRUE(contains(result.err, name));
    EXPECT_TRUE(has_no_final_file(in("out")));
  }
}

TEST_F(CliTest, MissingTensorIsNamed) {
  edit_weights(in("tiny-qwen3/model.safetensors"), [](std::string& bytes) {
    const auto at = bytes.find("model.layers.1.mlp.up_proj.weight");
    bytes.replace(at, 7, "mislaid");  // mislaidlayers.1...: same length, another tensor
  });
  const auto result = quantize("--iters 1");
  EXPECT_EQ(result.status, 1);
  EXPECT_TRUE(contains(result.err, "model.layers.1.mlp.up_proj.weight"));
  EXPECT_TRUE(has_no_final_file(in("out")));
}

TEST_F(CliTest, UnknownArchitectureNamesTheAdaptersThereAre) {
  auto config = read_object(in("tiny-qwen3/config.json"));
  config["model_type"] = "frobnicator";
  std::ofstream(in("tiny-qwen3/config.json")) << boost::json::serialize(config);
  const auto result = quantize("--iters 1");
  EXPECT_EQ(result.status, 2);
  for (const char* part : {"frobnicator", "llama", "qwen2", "qwen3", "plugins"})
    EXPECT_TRUE(contains(result.err, part));
  EXPECT_FALSE(fs::exists(in("out")));
}

TEST_F(CliTest, MissingModelIsNamed) {
  const auto result = quantize("--model no/such/model");
  EXPECT_NE(result.status, 0);
  EXPECT_TRUE(contains(result.err, "no/such/model"));
  EXPECT_FALSE(fs::exists(in("out")));
}

}  // namespace
}  // namespace ar::cli
