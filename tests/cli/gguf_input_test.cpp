// GGUF files as models of a quantizing run.
#include <array>
#include <cstdint>
#include <fstream>

#include "tests/cli/cli_test.hpp"

namespace ar::cli {
namespace {

constexpr const char* kRtn = " --iters 0 --disable_opt_rtn --device_map cpu";
constexpr const char* kText = " --dataset calib.jsonl --nsamples 4 --bs 2 --seqlen 64";

class GgufInputTest : public CliTest {
 protected:
  void SetUp() override {
    CliTest::SetUp();
    fs::copy(fs::path(AR_SOURCE_DIR) / "examples/tinystories-656k", in("stories"));
    ASSERT_EQ(run("auto-round", std::string("stories") + kRtn + " --format gguf:q4_k_m --output_dir made").status, 0);
    fs::rename(fs::directory_iterator(in("made/stories-gguf"))->path(), in("model.gguf"));
  }
  Result quantize_file(const std::string& line) { return run("auto-round", "model.gguf" + (kRtn + (" " + line))); }
};

/// What the blocks hold, as an ordinary model; the other runs of these tests must equal runs on it.
constexpr const char* kPlain = "--tokenizer stories --scheme BF16 --output_dir plain";

TEST_F(GgufInputTest, QuantizesWhatTheBlocksHold) {
  const auto made = quantize_file(kPlain);
  ASSERT_EQ(made.status, 0) << made.err;
  const fs::path plain = in("plain/model-fp-w16g128");
  fs::rename(plain, in("plain/model"));
  const auto config = read_object(in("plain/model/config.json"));
  EXPECT_EQ(config.if_contains("quantization_config"), nullptr);
  EXPECT_EQ(config.at("model_type"), "llama");
  EXPECT_EQ(config.at("rms_norm_eps"), read_object(in("stories/config.json")).at("rms_norm_eps"));
  EXPECT_EQ(tensor_headers(in("plain/model")).size(), tensor_headers(in("stories")).size());

  for (const std::string& how :
       {std::string("--scheme W4A16 --group_size 32 --format auto_round"),
        std::string("--scheme FP8_BLOCK --format fp8"), "--iters 2 --format auto_gptq" + std::string(kText)}) {
    fs::remove_all(in("out"));
    fs::remove_all(in("expected"));
    const auto direct = quantize_file(how + " --tokenizer stories --output_dir out");
    ASSERT_EQ(direct.status, 0) << direct.err;
    ASSERT_EQ(run("auto-round", "plain/model" + (kRtn + (" " + how)) + " --output_dir expected").status, 0);
    EXPECT_EQ(weight_files(in("out")), weight_files(in("expected"))) << how;
    const std::string folder = fs::directory_iterator(in("out"))->path().filename();
    EXPECT_EQ(read_object(in("out") / folder / "config.json"), read_object(in("expected") / folder / "config.json"));
  }
}

TEST_F(GgufInputTest, WritesAnotherGgufFile) {
  const auto made = quantize_file("--tokenizer stories --format gguf:q8_0 --output_dir out");
  ASSERT_EQ(made.status, 0) << made.err;
  const fs::path file = fs::directory_iterator(in("out/model-gguf"))->path();
  const auto eval =
      run("auto-round",
          "eval " + file.string() + " --tokenizer stories --ref model.gguf --ppl notes.txt --seqlen 64 --windows 2");
  ASSERT_EQ(eval.status, 0) << eval.err;
  constexpr double kEightBits = 2e-4;  // nats a token that 8 bits of 4-bit values cost; 4 bits cost fifty times as much
  EXPECT_LT(std::stod(eval.out.substr(eval.out.find("kld ") + 4)), kEightBits);
}

TEST_F(GgufInputTest, EvaluatesWithTheActivationsOfLlamaCpp) {
  const std::string how =
      "eval model.gguf --ref model.gguf --tokenizer stories --ppl notes.txt --seqlen 64 --windows 2";
  const auto plain = run("auto-round", how), stored = run("auto-round", how + " --activations stored");
  const auto rounded = run("auto-round", how + " --activations llama.cpp");
  ASSERT_EQ(rounded.status, 0) << rounded.err;
  EXPECT_EQ(plain.out, stored.out);
  EXPECT_NE(plain.out, rounded.out);
  const auto kl = [](const std::string& out) { return std::stod(out.substr(out.find("kld ") + 4)); };
  EXPECT_EQ(kl(plain.out), 0.0);
  constexpr double kEightBits = 2e-3;  // nats a token that activations of 8 bits cost at most
  EXPECT_GT(kl(rounded.out), 0.0);
  EXPECT_LT(kl(rounded.out), kEightBits);
}

TEST_F(GgufInputTest, ForwardRoundsActivationsToo) {
  const std::string header = R"({"input_ids":{"dtype":"I64","shape":[1,8],"data_offsets":[0,64]}})";
  const uint64_t size = header.size();
  const std::array<int64_t, 8> ids{1, 2, 3, 4, 5, 6, 7, 8};
  std::ofstream(in("ids"), std::ios::binary).write(reinterpret_cast<const char*>(&size), sizeof size)
      << header << std::string(reinterpret_cast<const char*>(ids.data()), sizeof ids);
  const std::string how = "forward model.gguf --inputs ids --outputs ";
  ASSERT_EQ(run("auto-round", how + "plain").status, 0);
  ASSERT_EQ(run("auto-round", how + "rounded --activations llama.cpp").status, 0);
  EXPECT_NE(read_file(in("plain")), read_file(in("rounded")));
}

TEST_F(GgufInputTest, SaysWhichActivationsThereAre) {
  const std::string rest = " --tokenizer stories --ppl notes.txt --seqlen 64 --activations ";
  const auto unknown = run("auto-round", "eval model.gguf" + rest + "int8");
  EXPECT_EQ(unknown.status, 2);
  EXPECT_TRUE(contains(
      unknown.err, "--activations int8: format 'gguf' of model.gguf does not define it; accepted: stored, llama.cpp"));
  const auto folder = run("auto-round", "eval stories --ppl notes.txt --seqlen 64 --activations llama.cpp");
  EXPECT_EQ(folder.status, 2);
  EXPECT_TRUE(contains(folder.err, "--activations llama.cpp: stories is a folder"));
}

TEST_F(GgufInputTest, TakesTheTokenizerThatLiesBesideIt) {
  fs::create_directory(in("alone"));
  fs::copy(in("model.gguf"), in("alone"));
  fs::copy(in("stories/tokenizer.json"), in("alone"));
  std::ofstream(in("alone/notes.py")) << "pass\n";
  const auto made = run("auto-round", std::string("alone/model.gguf") + kRtn + " --output_dir out");
  ASSERT_EQ(made.status, 0) << made.err;
  EXPECT_TRUE(fs::exists(in("out/model-w4g128/tokenizer.json")));
  EXPECT_FALSE(fs::exists(in("out/model-w4g128/notes.py"))) << "a file of the folder, not of the model";
}

TEST_F(GgufInputTest, TakesTheTokenizerThatLiesInIt) {
  fs::create_directory(in("tmp"));
  settings_.env["TMPDIR"] = in("tmp").string();
  const std::string how = "--iters 2 --format auto_round" + std::string(kText);
  const auto own = quantize_file(how + " --output_dir out");
  ASSERT_EQ(own.status, 0) << own.err;
  ASSERT_EQ(quantize_file(how + " --tokenizer stories --output_dir expected").status, 0);
  EXPECT_EQ(weight_files(in("out")), weight_files(in("expected"))) << "calibrated on other tokens";
  EXPECT_TRUE(fs::exists(in("out/model-w4g128/tokenizer.json")));
  EXPECT_TRUE(fs::exists(in("out/model-w4g128/tokenizer_config.json")));

  const std::string measure = " --ppl notes.txt --seqlen 64 --windows 2";
  const auto expected = run("auto-round", "eval model.gguf --tokenizer stories" + measure);
  const auto file = run("auto-round", "eval model.gguf" + measure);
  ASSERT_EQ(file.status, 0) << file.err;
  EXPECT_EQ(file.out, expected.out);
  EXPECT_EQ(run("auto-round", "eval stories --ref model.gguf" + measure).status, 0);

  const auto again = quantize_file("--format gguf:q8_0 --output_dir again");
  ASSERT_EQ(again.status, 0) << again.err;
  fs::rename(fs::directory_iterator(in("again/model-gguf"))->path(), in("again.gguf"));
  EXPECT_EQ(run("auto-round", "eval again.gguf" + measure).status, 0);
  EXPECT_TRUE(fs::is_empty(in("tmp"))) << "the unpacked tokenizer stayed";
}

TEST_F(GgufInputTest, SaysWhereATokenizerCanComeFrom) {
  std::string bytes = read_file(in("model.gguf"));
  const std::string key = "tokenizer.ggml.model";
  constexpr std::size_t kTypeAndLength = 4 + 8;  // bytes between a key and its text
  bytes.replace(bytes.find(key) + key.size() + kTypeAndLength, 5, "other");
  std::ofstream(in("model.gguf"), std::ios::binary) << bytes;
  const std::string refusal =
      "model.gguf: its tokenizer cannot be used: tokenizer.ggml.model is 'other'; read are gpt2 and llama; give "
      "--tokenizer DIR, a folder with tokenizer.json";
  const auto kind = quantize_file("");
  EXPECT_EQ(kind.status, 2);
  EXPECT_TRUE(contains(kind.err, refusal));
  const auto eval = run("auto-round", "eval model.gguf --ppl notes.txt --seqlen 64");
  EXPECT_EQ(eval.status, 2);
  EXPECT_TRUE(contains(eval.err, refusal));

  const auto empty = quantize_file("--tokenizer made");
  EXPECT_EQ(empty.status, 2);
  EXPECT_TRUE(contains(empty.err, "--tokenizer made: there is neither tokenizer.json nor tokenizer.model"));
  const auto folder = run("auto-round", std::string("stories --tokenizer stories") + kRtn);
  EXPECT_EQ(folder.status, 2);
  EXPECT_TRUE(contains(folder.err, "--tokenizer stories: the model is a folder and has its own"));
}

TEST_F(GgufInputTest, RefusesToConvertAndNamesWhatIsDamaged) {
  const auto convert = run("auto-round", "convert model.gguf --format auto_round --output_dir out");
  EXPECT_EQ(convert.status, 2);
  EXPECT_TRUE(contains(convert.err, "convert model.gguf: the codes of a model in one file"));
  fs::resize_file(in("model.gguf"), fs::file_size(in("model.gguf")) / 2);
  const auto cut = quantize_file("--tokenizer stories");
  EXPECT_NE(cut.status, 0);
  EXPECT_TRUE(contains(cut.err, "model.gguf"));
  EXPECT_TRUE(has_no_final_file(settings_.folder / "tmp_autoround"));
}

}  // namespace
}  // namespace ar::cli
