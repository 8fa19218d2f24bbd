#include "core/engine/output_name.hpp"

#include <gtest/gtest.h>

namespace ar::engine {
namespace {

std::string folder(const std::string& model, const quant::Scheme& scheme, const std::string& format = "auto_round") {
  RunOptions options;
  options.model = model;
  options.output_dir = "out";
  options.formats = {format};
  return output_directory(options, scheme).string();
}

quant::Scheme scheme(const std::string& name) { return quant::resolve(name, {}); }

TEST(OutputName, NamesModelBitsAndGroup) {
  EXPECT_EQ(folder("Qwen/Qwen3-0.6B", scheme("W4A16")), "out/Qwen3-0.6B-w4g128");
  EXPECT_EQ(folder("/models/Qwen3-0.6B/", scheme("W2A16G64")), "out/Qwen3-0.6B-w2g64");
}

TEST(OutputName, NamesActivationsWhenThereAreNoGroups) {
  auto whole_rows = scheme("W8A16");
  whole_rows.group_size = -1;
  EXPECT_EQ(folder("m", whole_rows), "out/m-w8a16");
  EXPECT_EQ(folder("m", scheme("INT8")), "out/m-w8a8");
  EXPECT_EQ(folder("m", scheme("FP8_STATIC")), "out/m-fp-w8afp8");
  EXPECT_EQ(folder("m", scheme("FPW8A16")), "out/m-fp-w8afp16");
}

TEST(OutputName, NamesFloatTypes) {
  EXPECT_EQ(folder("m", scheme("MXFP4")), "out/m-mxfp-w4g32");
  EXPECT_EQ(folder("m", scheme("NVFP4")), "out/m-nvfp-w4g16");
  EXPECT_EQ(folder("m", scheme("FP8_BLOCK")), "out/m-fp-w8g128x128");
}

TEST(OutputName, LeavesOutAModelThatIsOnlyDots) {
  EXPECT_EQ(folder(".", scheme("W4A16")), "out/w4g128");
  EXPECT_EQ(folder("../..", scheme("W4A16")), "out/w4g128");
  EXPECT_EQ(folder(".", scheme("W4A16"), "gguf:q4_k_m"), "out");
}

TEST(OutputName, MarksGguf) { EXPECT_EQ(folder("a/b", scheme("W4A16"), "gguf:q4_k_m"), "out/b-gguf"); }

TEST(OutputName, NamesTheFolderOfOneOfSeveralFormats) {
  EXPECT_EQ(format_folder_name("auto_gptq"), "auto-gptq");
  EXPECT_EQ(format_folder_name("auto_round:auto_gptq"), "auto-round-auto-gptq");
  EXPECT_EQ(format_folder_name("gguf:q4_k_m"), "gguf-q4-k-m");
}

}  // namespace
}  // namespace ar::engine
