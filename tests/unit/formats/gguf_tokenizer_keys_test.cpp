// What the tokenizer's keys may say, and what is refused.
#include <fstream>
#include <map>

#include <boost/json.hpp>

#include "gguf/piece_merges.hpp"
#include "gguf/sentencepiece.hpp"
#include "gguf/source_tokenizer.hpp"
#include "gguf/token_type.hpp"
#include "gguf/utf8.hpp"
#include "tests/unit/formats/gguf_fixture.hpp"
#include "tests/unit/temp_folder.hpp"

namespace ar::gguf {
namespace {

namespace json = boost::json;
using Merges = std::vector<std::pair<std::string, std::string>>;
using Texts = std::vector<std::string>;

Metadata byte_level() {
  Metadata m;
  m.set("tokenizer.ggml.model", std::string("gpt2"));
  m.set("tokenizer.ggml.pre", std::string("gpt-2"));
  m.set("tokenizer.ggml.tokens", to_array(Texts{"a", "b", "ab", "<|end|>", "<think>", "[PAD5]"}));
  m.set("tokenizer.ggml.token_type",
        to_array(std::vector<int32_t>{kNormal, kNormal, kNormal, kControl, kUserDefined, kUnused}));
  m.set("tokenizer.ggml.merges", to_array(Texts{"a b"}));
  m.set("tokenizer.ggml.eos_token_id", uint32_t{3});
  return m;
}

TokenizerKeys pieces(Texts tokens, std::vector<float> scores) {
  TokenizerKeys keys;
  keys.tokens = std::move(tokens);
  keys.types.assign(keys.tokens.size(), kNormal);
  keys.scores = std::move(scores);
  return keys;
}

std::map<std::string, json::object> read(const Metadata& metadata) {
  std::map<std::string, json::object> files;
  for (const NamedFile& file : source_tokenizer(metadata)) {
    if (file.name != "tokenizer.model") files[file.name] = json::parse(file.bytes).as_object();
  }
  return files;
}

TEST(GgufTokenizerKeys, BecomeAddedTokensAndNames) {
  Metadata m = byte_level();
  m.set("tokenizer.ggml.add_eos_token", true);
  m.set("tokenizer.chat_template", std::string("D"));
  m.set("tokenizer.chat_template.rag", std::string("R"));
  m.set("tokenizer.chat_templates", to_array(Texts{"rag"}));
  const auto files = read(m);
  const json::object& tokenizer = files.at("tokenizer.json");
  EXPECT_EQ(tokenizer.at("model").at("vocab"), json::parse(R"({"a": 0, "b": 1, "ab": 2})"))
      << "added and filling tokens are apart";
  EXPECT_EQ(tokenizer.at("added_tokens").as_array().size(), 2U);
  EXPECT_EQ(tokenizer.at("added_tokens").at(0).at("special"), true);
  EXPECT_EQ(tokenizer.at("added_tokens").at(1).at("id"), 4);
  EXPECT_EQ(tokenizer.at("post_processor").at("single").at(1).at("SpecialToken").at("id"), "<|end|>");
  const json::object& config = files.at("tokenizer_config.json");
  EXPECT_EQ(config.at("eos_token"), "<|end|>");
  EXPECT_FALSE(config.contains("bos_token"));
  EXPECT_EQ(config.at("chat_template"),
            json::parse(R"([{"name": "default", "template": "D"}, {"name": "rag", "template": "R"}])"));
}

/// transformers takes whatever is named in tokenizer_config.json out of every text.
TEST(GgufTokenizerKeys, NameNoOrdinaryTokenAsSpecial) {
  Metadata m = byte_level();
  m.set("tokenizer.ggml.bos_token_id", uint32_t{1});
  EXPECT_FALSE(read(m).at("tokenizer_config.json").contains("bos_token"));
}

TEST(GgufTokenizerKeys, MakeSpecialWhatHasAnIdWhereTypesAreMissing) {
  Metadata m;
  const Metadata whole = byte_level();
  for (const auto& [key, value] : whole.items()) {
    if (key != "tokenizer.ggml.token_type") m.append(key, value);
  }
  EXPECT_EQ(read(m).at("tokenizer_config.json").at("eos_token"), "<|end|>");
}

TEST(PieceMerges, GoByScore) {
  EXPECT_EQ(piece_merges(pieces({"a", "b", "c", "ab", "bc", "abc"}, {-9, -9, -9, -2, -1, -3})),
            (Merges{{"b", "c"}, {"a", "b"}, {"a", "bc"}, {"ab", "c"}}));
}

TEST(PieceMerges, GoByIdWhereAllScoresAreEqual) {
  EXPECT_EQ(piece_merges(pieces({"a", "b", "ab", "ba", "aba"}, {-1000, -1000, -1000, -1000, -1000})),
            (Merges{{"a", "b"}, {"b", "a"}, {"a", "ba"}, {"ab", "a"}}));
}

/// LLaMA's vocabulary: pieces, then characters; two blanks have id 259 and the lowest score.
TEST(PieceMerges, MakeRunsOfBlanksLastWhereSentencePieceGaveTheIds) {
  const Texts tokens{"\u2581\u2581", "\u2581t", "\u2581", "t"};
  EXPECT_EQ(piece_merges(pieces(tokens, {})), (Merges{{"\u2581", "t"}, {"\u2581", "\u2581"}}));
}

TEST(PieceMerges, CutBetweenCharactersOnly) {
  EXPECT_EQ(piece_merges(pieces({"\u00E9", "a", "\u00E9a"}, {})), (Merges{{"\u00E9", "a"}}));
}

TEST(SentencePiece, IsReadAsItWasWritten) {
  const std::vector<Piece> written{{"<unk>", 0.0F, kUnknown}, {std::string(300, 'x'), -7.5F, kNormal}};
  const std::vector<Piece> found = read_sentencepiece(write_sentencepiece(written, true));
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[1].text, written[1].text);
  EXPECT_EQ(found[1].score, -7.5F);
  EXPECT_EQ(found[0].type, kUnknown);
}

TEST(Utf8, IsTheShortestFormWithoutSurrogates) {
  for (const char* good : {"", "a", "\u00E9", "\u2581", "\U0001F600", "\xF4\x8F\xBF\xBF"})
    EXPECT_TRUE(is_utf8(good)) << good;
  for (const char* bad :
       {"\x80", "\xC0\x80", "\xE2\x96", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xFF", "a\xE2"})
    EXPECT_FALSE(is_utf8(bad)) << bad;
}

struct Damage {
  const char* name;
  const char* key;
  Value value;
  ar_status status;
  const char* text;
};

class DamagedTokenizer : public testing::TestWithParam<Damage> {};

TEST_P(DamagedTokenizer, IsRefusedWithKeyAndReason) {
  const Damage& damage = GetParam();
  Metadata m;
  const Metadata whole = byte_level();
  for (const auto& [key, value] : whole.items()) m.append(key, key == damage.key ? damage.value : value);
  if (m.find(damage.key) == nullptr) m.append(damage.key, damage.value);
  try {
    source_tokenizer(m);
    ADD_FAILURE() << "accepted";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), damage.status);
    EXPECT_NE(std::string(e.what()).find(damage.text), std::string::npos) << e.what();
  }
}

std::vector<Damage> damages() {
  const auto texts = [](const Texts& t) { return Value(to_array(t)); };
  return {
      {"NoModel", "tokenizer.ggml.model", std::string(), AR_NOT_FOUND, "tokenizer.ggml.model is missing"},
      {"OtherModel", "tokenizer.ggml.model", std::string("t5"), AR_UNSUPPORTED, "tokenizer.ggml.model is 't5'"},
      {"OtherPre", "tokenizer.ggml.pre", std::string("odd"), AR_UNSUPPORTED, "tokenizer.ggml.pre is 'odd'"},
      {"NoPre", "tokenizer.ggml.pre", std::string(), AR_UNSUPPORTED, "tokenizer.ggml.pre is missing"},
      {"NumberAsModel", "tokenizer.ggml.model", uint32_t{1}, AR_INVALID_ARGUMENT,
       "tokenizer.ggml.model must be a string"},
      {"NoTokens", "tokenizer.ggml.tokens", texts({}), AR_NOT_FOUND, "tokenizer.ggml.tokens is missing"},
      {"TokensOfNumbers", "tokenizer.ggml.tokens", to_array(std::vector<int32_t>{1}), AR_INVALID_ARGUMENT,
       "tokenizer.ggml.tokens must be an array of strings"},
      {"TornToken", "tokenizer.ggml.tokens", texts({"a", "b", "ab", "\xC3", "e", "f"}), AR_INVALID_ARGUMENT,
       "tokenizer.ggml.tokens[3] is no UTF-8"},
      {"TokenTwice", "tokenizer.ggml.tokens", texts({"a", "b", "ab", "x", "x", "f"}), AR_INVALID_ARGUMENT,
       "3 and 4 are both 'x'"},
      {"LongToken", "tokenizer.ggml.tokens", texts({std::string(1025, 'x')}), AR_INVALID_ARGUMENT,
       "tokens[0] has 1025 bytes"},
      {"FewTypes", "tokenizer.ggml.token_type", to_array(std::vector<int32_t>{1, 1}), AR_INVALID_ARGUMENT,
       "tokenizer.ggml.token_type has 2 items, tokenizer.ggml.tokens 6"},
      {"TypesOfFloats", "tokenizer.ggml.token_type", to_array(std::vector<float>{1}), AR_INVALID_ARGUMENT,
       "tokenizer.ggml.token_type must be an array of 32-bit integers"},
      {"FewScores", "tokenizer.ggml.scores", to_array(std::vector<float>{1}), AR_INVALID_ARGUMENT,
       "tokenizer.ggml.scores has 1 items"},
      {"NoMerges", "tokenizer.ggml.merges", texts({}), AR_INVALID_ARGUMENT, "tokenizer.ggml.merges is missing"},
      {"MergeOfOne", "tokenizer.ggml.merges", texts({"ab"}), AR_INVALID_ARGUMENT,
       "merges[0], 'ab', is no pair of tokens"},
      {"MergeWithoutEnd", "tokenizer.ggml.merges", texts({"a "}), AR_INVALID_ARGUMENT, "merges[0], 'a ', is no pair"},
      {"UnknownPart", "tokenizer.ggml.merges", texts({"a b", "a c"}), AR_INVALID_ARGUMENT,
       "merges[1], 'a c', needs 'c'"},
      {"UnknownWhole", "tokenizer.ggml.merges", texts({"b a"}), AR_INVALID_ARGUMENT, "needs 'ba', which is no token"},
      {"HighId", "tokenizer.ggml.eos_token_id", uint32_t{6}, AR_INVALID_ARGUMENT,
       "eos_token_id is 6; there are 6 tokens"},
      {"IdAsText", "tokenizer.ggml.eos_token_id", std::string("3"), AR_INVALID_ARGUMENT,
       "must be an unsigned 32-bit number"},
      {"FlagAsNumber", "tokenizer.ggml.add_bos_token", uint32_t{1}, AR_INVALID_ARGUMENT,
       "add_bos_token must be a bool"},
      {"TornTemplate", "tokenizer.chat_template", std::string("\xFF"), AR_INVALID_ARGUMENT,
       "tokenizer.chat_template is no UTF-8"},
  };
}

INSTANTIATE_TEST_SUITE_P(, DamagedTokenizer, testing::ValuesIn(damages()),
                         [](const testing::TestParamInfo<Damage>& info) { return std::string(info.param.name); });

TEST(GgufTokenizerKeys, AreReadThroughTheTable) {
  const test::TempFolder folder;
  Metadata m = byte_level();
  m.set("general.architecture", std::string("llama"));
  const std::string file = (folder.path() / "model.gguf").string();
  std::ofstream(file, std::ios::binary) << serialize_header(m, {});
  const ar_format_api& api = test::gguf_api();
  const auto ignore = [](void*, const char*, size_t) -> ar_status { return AR_OK; };
  ar_source* source = nullptr;
  ar_error err{};
  ASSERT_EQ(api.open_source(file.c_str(), &source, nullptr, ignore, &err), AR_OK) << err.text;
  Texts names;
  const auto take = [](void* to, const char* name, const char*, size_t) -> ar_status {
    static_cast<Texts*>(to)->emplace_back(name);
    return AR_OK;
  };
  EXPECT_EQ(api.source_tokenizer(source, &names, take, &err), AR_OK) << err.text;
  EXPECT_EQ(names, (Texts{"tokenizer.json", "tokenizer_config.json"}));
  const auto refuse = [](void*, const char*, const char*, size_t) -> ar_status { return AR_IO; };
  EXPECT_NE(api.source_tokenizer(source, nullptr, refuse, &err), AR_OK);
  api.close_source(source);
}

}  // namespace
}  // namespace ar::gguf
