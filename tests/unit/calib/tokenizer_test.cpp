#include "core/calib/tokenizer.hpp"

#include <algorithm>
#include <functional>

#include <gtest/gtest.h>

#include "core/base/error.hpp"
#include "tests/unit/calib/golden.hpp"

namespace {

using ar::calib::Tokenizer;
using Ids = std::vector<std::int32_t>;

std::string message_of(const std::function<void()>& body) {
  try {
    body();
  } catch (const ar::base::Error& error) {
    return error.what();
  }
  return "no error";
}

/// A BPE over a, b, c with the given members besides.
Tokenizer tiny(const std::string& members) {
  return Tokenizer::parse(R"({"model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "c": 2, "ab": 3, "abc": 4},
                              "merges": ["a b", ["ab", "c"]]})" +
                              members + "}",
                          "t.json");
}

std::string parse_error(const std::string& json) {
  return message_of([&] { Tokenizer::parse(json, "t.json"); });
}

TEST(Tokenizer, MergesByRankAndDropsUnknownCharacters) {
  const auto tokenizer = tiny("");
  EXPECT_EQ(tokenizer.encode("abcxab", false), (Ids{4, 3}));
  EXPECT_EQ(tokenizer.decode({4, 99, 3}, false), "abc ab");  // no decoder: tokens are joined with blanks
  EXPECT_EQ(tokenizer.vocab_size(), 5);
}

TEST(Tokenizer, FindsAddedTokensWithTheirBlanks) {
  const auto tokenizer = tiny(R"(, "added_tokens": [
      {"content": "<l>", "lstrip": true, "normalized": false, "special": true},
      {"content": "<r>", "rstrip": true, "normalized": false},
      {"content": "ca", "single_word": true, "normalized": false}])");
  EXPECT_EQ(tokenizer.encode("a  <l>b<r>  c", false), (Ids{0, 5, 1, 6, 2}));
  EXPECT_EQ(tokenizer.encode("ca b", false), (Ids{7, 1}));
  EXPECT_EQ(tokenizer.encode("bcab", false), (Ids{1, 2, 3}));
  EXPECT_EQ(tokenizer.decode({0, 5, 6}, true), "a <r>");
  EXPECT_EQ(tokenizer.vocab_size(), 8);
}

TEST(Tokenizer, CutsBeforeTheSpecialTokensAreAdded) {
  const auto tokenizer = tiny(R"(, "post_processor": {"type": "BertProcessing", "cls": ["a", 0], "sep": ["c", 2]})");
  EXPECT_EQ(tokenizer.encode("bbbb", true), (Ids{0, 1, 1, 1, 1, 2}));
  EXPECT_EQ(tokenizer.encode("bbbb", true, 4), (Ids{0, 1, 1, 2}));
  EXPECT_EQ(tokenizer.encode("bbbb", false, 3), (Ids{1, 1, 1}));
}

TEST(Tokenizer, ReadsInvalidUtf8AsReplacementCharacters) {
  const auto tokenizer = Tokenizer::parse(
      R"({"model": {"type": "BPE", "vocab": {"a": 0, "�": 1}, "merges": []}, "decoder": {"type": "Fuse"}})", "t.json");
  EXPECT_EQ(tokenizer.encode("a\xff\xe2\x82", false), (Ids{0, 1, 1}));
}

TEST(Tokenizer, NamesWhatIsWrongInTheFile) {
  EXPECT_EQ(parse_error(R"({})"), "t.json has no \"model\"");
  EXPECT_EQ(parse_error(R"({"model": {"type": "X"}})"),
            "t.json: model has the unknown type \"X\"; known are BPE, Unigram and WordPiece");
  EXPECT_EQ(parse_error(R"({"model": {"type": "BPE", "vocab": {"a": -1}, "merges": []}})"),
            "t.json: model.vocab.a is no token id; expected an integer from 0 to 2147483647");
  EXPECT_EQ(parse_error(R"({"model": {"type": "BPE", "vocab": {"a": 0}, "merges": ["a b"]}})"),
            "t.json: model.merges[0] needs \"b\", which is not in the vocabulary");
  EXPECT_EQ(message_of([] { tiny(R"(, "normalizer": {"type": "Y"})"); }),
            "t.json: normalizer has the unknown type \"Y\"");
  EXPECT_EQ(message_of([] {
              tiny(R"(, "pre_tokenizer": {"type": "Split", "pattern": {"Regex": "("}, "behavior": "Isolated"})");
            }),
            "t.json: pre_tokenizer.pattern.Regex is not a regular expression: end pattern with unmatched parenthesis");
}

TEST(Tokenizer, NamesTheMissingFile) {
  EXPECT_EQ(message_of([] { Tokenizer::open("/no/such/model"); }), "/no/such: has no tokenizer.json");
}

/// transformers rebuilds LlamaTokenizer: no unknown token, blanks by Metaspace.
TEST(Tokenizer, CalibratesWithTransformersView) {
  const auto model = std::filesystem::path(AR_SOURCE_DIR) / "examples/tinystories-656k";
  const auto file = Tokenizer::open(model, ar::calib::TokenizerReading::kFileAlone);
  const auto view = Tokenizer::open(model);
  const auto as_filed = file.encode("a \xe2\x80\x9c b", true);
  const auto as_viewed = view.encode("a \xe2\x80\x9c b", true);
  EXPECT_EQ(std::count(as_filed.begin(), as_filed.end(), 0), 1);
  EXPECT_EQ(std::count(as_viewed.begin(), as_viewed.end(), 0), 0);
  EXPECT_EQ(view.config().bos_id, 1);
  EXPECT_EQ(view.config().eos_id, 2);
  EXPECT_EQ(view.config().model_max_length, 0);
}

}  // namespace
