#include <algorithm>
#include <fstream>

#include <gtest/gtest.h>
#include <boost/json.hpp>

#include "core/base/json.hpp"
#include "core/calib/tokenizer.hpp"
#include "tests/unit/calib/golden.hpp"

namespace {

namespace fs = std::filesystem;
using ar::calib::Tokenizer;

/// Some folders hold cases only; their tokenizer is a model's.
fs::path tokenizer_of(const std::string& name) {
  if (name == "tinystories") return fs::path(AR_SOURCE_DIR) / "examples/tinystories-656k";
  if (name == "llama-sp32000") return fs::path(AR_SHARED_DIR) / "data/tokenizers/llama-sp32000";
  return ar::test::golden_tokenizers() / name;
}

std::string test_name(const testing::TestParamInfo<const char*>& info) {
  std::string name = info.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

class TokenizerGolden : public testing::TestWithParam<const char*> {};

TEST_P(TokenizerGolden, GivesTheLibrarysIdsAndText) {
  const std::string name = GetParam();
  std::ifstream cases(ar::test::golden_tokenizers() / name / "cases.jsonl");
  if (!cases) GTEST_SKIP() << name << " is only in the full golden data";
  const auto tokenizer = Tokenizer::open(tokenizer_of(name), ar::calib::TokenizerReading::kFileAlone);
  std::string line;
  int count = 0;
  for (; std::getline(cases, line); ++count) {
    const auto value = ar::base::parse_json(line, name);
    const ar::base::JsonCursor json(value, name);
    const auto ids = boost::json::value_to<std::vector<std::int32_t>>(json.at("ids").value());
    EXPECT_EQ(tokenizer.encode(json.get_string("text"), json.get_bool("special")), ids) << line;
    EXPECT_EQ(tokenizer.decode(ids, false), json.get_string("decoded")) << line;
    EXPECT_EQ(tokenizer.decode(ids, true), json.get_string("decoded_skip")) << line;
  }
  EXPECT_GT(count, 0);
}

INSTANTIATE_TEST_SUITE_P(, TokenizerGolden,
                         testing::Values("gpt2", "smollm2", "tinystories", "llama-sp32000", "bpe-llama3",
                                         "bpe-qwen2-nfc", "bpe-gpt4o", "bpe-deepseek", "bpe-gemma",
                                         "bpe-metaspace-always", "bpe-metaspace-first", "bpe-metaspace-never",
                                         "unigram-t5", "wordpiece-bert"),
                         test_name);

}  // namespace
