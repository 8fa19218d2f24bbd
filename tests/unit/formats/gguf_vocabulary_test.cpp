#include "gguf/vocabulary.hpp"

#include <fstream>

#include "gguf/pre_tokenizer.hpp"
#include "gguf/sentencepiece.hpp"
#include "gguf/sha256.hpp"
#include "tests/unit/formats/gguf_fixture.hpp"
#include "tests/unit/formats/smollm_ids.hpp"
#include "tests/unit/temp_folder.hpp"

namespace ar::gguf {
namespace {

using test::error_of;
using test::kSmolIds;

constexpr const char* kGpt2 = R"({
  "added_tokens": [{"id": 4, "content": "<|end|>", "special": true}, {"id": 6, "content": "\u2581x", "special": false},
                   {"id": 1, "content": "b", "special": true}],
  "post_processor": {"type": "ByteLevel"},
  "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2, "\u0120a": 3}, "merges": [["a", "b"], [" ", "a"]]}})";

/// A host that tokenizes everything into the same ids.
class FixedIds {
 public:
  explicit FixedIds(std::vector<int64_t> ids) : ids_(std::move(ids)) {
    host_.struct_size = sizeof host_;
    host_.ctx = this;
    host_.tokenize = [](void* ctx, const char*, const char* text, size_t n, void* arg,
                        ar_status (*take)(void*, const int64_t*, size_t), ar_error* err) -> ar_status {
      auto& self = *static_cast<FixedIds*>(ctx);
      if (std::string_view(text, n) != kPreTokenizerCheck) return set_error(err, AR_INVALID_ARGUMENT, "another text");
      return take(arg, self.ids_.data(), self.ids_.size());
    };
  }
  const ar_host& host() const { return host_; }

 private:
  std::vector<int64_t> ids_;
  ar_host host_{};
};

class GgufVocabulary : public testing::Test {
 protected:
  void write(const char* name, const std::string& text) { std::ofstream(folder_.path() / name, std::ios::binary) << text; }
  Metadata read(std::vector<std::string> kinds, int64_t vocab_size, const std::vector<int64_t>& ids = {}) {
    Declaration declaration;
    declaration.vocabularies = std::move(kinds);
    declaration.vocab_size = vocab_size;
    declaration.space_prefix_from_config = true;
    Metadata metadata;
    add_vocabulary(FixedIds(ids).host(), SourceFiles(folder_.path().string()), declaration, metadata);
    return metadata;
  }

 private:
  test::TempFolder folder_;
};

std::vector<std::string> keys(const Metadata& m) {
  std::vector<std::string> names;
  for (const auto& [key, value] : m.items()) names.push_back(key);
  return names;
}
std::vector<std::string> texts(const Metadata& m, const char* key) { return strings(std::get<Array>(*m.find(key))); }
std::string text(const Metadata& m, const char* key) {
  const Value* value = m.find(key);
  return value == nullptr ? "" : std::get<std::string>(*value);
}
template <typename T>
std::vector<T> numbers(const Metadata& m, const char* key) {
  const auto& array = std::get<Array>(*m.find(key));
  std::vector<T> values(array.count);
  std::memcpy(values.data(), array.bytes.data(), array.bytes.size());
  return values;
}

/// FIPS 180-4 examples; a message of 56 bytes takes a block for its length alone.
TEST(Sha256, HasTheStandardsValues) {
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

TEST(PreTokenizer, ChecksWithLlamaCppsText) {
  EXPECT_EQ(kPreTokenizerCheck.size(), 431U);
  EXPECT_EQ(sha256_hex(kPreTokenizerCheck), "a36179c1e2b1cfcfbfad1dc779addad2ffc778201e4cf0d538bddeafa2c526da");
}

TEST(PreTokenizer, NamesTheDigestItDoesNotKnow) {
  const std::string text = error_of([] { pre_tokenizer_name({1, 2, 3}); });
  EXPECT_NE(text.find(sha256_hex("[1, 2, 3]")), std::string::npos) << text;
}

TEST(PreTokenizer, KnowsSmolLm) { EXPECT_EQ(pre_tokenizer_name(kSmolIds), "smollm"); }

TEST_F(GgufVocabulary, OfByteLevelBpeHasTokensTypesAndMerges) {
  write("tokenizer.json", kGpt2);
  write("tokenizer_config.json", R"({"eos_token": {"content": "<|end|>"}, "pad_token": "<|end|>", "chat_template": "T",
                                     "add_prefix_space": false})");
  write("config.json", R"({"bos_token_id": 2})");
  const Metadata m = read({"sentencepiece", "gpt2"}, 8, kSmolIds);
  const std::string prefix = "tokenizer.ggml.";
  EXPECT_EQ(keys(m), (std::vector<std::string>{prefix + "add_space_prefix", prefix + "model", prefix + "pre", prefix + "tokens",
                                               prefix + "token_type", prefix + "merges", prefix + "eos_token_id",
                                               prefix + "padding_token_id", prefix + "bos_token_id", prefix + "add_bos_token",
                                               prefix + "add_eos_token", "tokenizer.chat_template"}));
  EXPECT_EQ(texts(m, "tokenizer.ggml.tokens"),
            (std::vector<std::string>{"a", "b", "ab", "\u0120a", "<|end|>", "[PAD5]", " x", "[PAD7]"}));
  EXPECT_EQ(numbers<int32_t>(m, "tokenizer.ggml.token_type"), (std::vector<int32_t>{1, 3, 1, 1, 3, 5, 4, 5}));
  EXPECT_EQ(texts(m, "tokenizer.ggml.merges"), (std::vector<std::string>{"a b", "\u0120 a"}));
  EXPECT_EQ(text(m, "tokenizer.ggml.pre"), "smollm");
}

TEST_F(GgufVocabulary, RefusesWhatItCannotHold) {
  EXPECT_NE(error_of([&] { read({"sentencepiece", "gpt2"}, 8); }).find("no tokenizer.model or tokenizer.json"), std::string::npos);
  write("tokenizer.json", kGpt2);
  EXPECT_NE(error_of([&] { read({"gpt2"}, 3, {1}); }).find("token id 3 is not below vocab_size 3"), std::string::npos);
  write("tokenizer.model", "\x0A\x7F");
  EXPECT_NE(error_of([&] { read({"sentencepiece"}, 3); }).find("no SentencePiece model"), std::string::npos);
}

TEST_F(GgufVocabulary, ReadsPiecesOfASentencePieceModel) {
  const std::vector<Piece> pieces = read_sentencepiece(std::string("\x0A\x0C\x0A\x03" "abc" "\x15\x00\x00\x80\xBF\x18\x06", 14));
  ASSERT_EQ(pieces.size(), 1U);
  EXPECT_EQ(pieces[0].text, "abc");
  EXPECT_EQ(pieces[0].score, -1.0F);
  EXPECT_EQ(pieces[0].type, 6);
}

TEST_F(GgufVocabulary, NamesSeveralChatTemplates) {
  write("tokenizer.json", kGpt2);
  write("tokenizer_config.json", R"({"chat_template": [{"name": "tool-use", "template": "T"}, {"name": "default", "template": "D"},
                                                       {"name": "rag", "template": "R"}]})");
  const Metadata m = read({"gpt2"}, 8, kSmolIds);
  EXPECT_EQ(text(m, "tokenizer.chat_template"), "D");
  EXPECT_EQ(text(m, "tokenizer.chat_template.tool_use"), "T");
  EXPECT_EQ(texts(m, "tokenizer.chat_templates"), (std::vector<std::string>{"rag", "tool_use"}));
}

TEST_F(GgufVocabulary, ReadsTemplatesOfThePostProcessor) {
  const auto with = [&](const char* post) {
    std::string json = kGpt2;
    json.replace(json.find(R"({"type": "ByteLevel"})"), 21, post);
    write("tokenizer.json", json);
    return read({"gpt2"}, 8, kSmolIds);
  };
  write("tokenizer_config.json", R"({"bos_token": "b", "eos_token": "a"})");
  const Metadata framed = with(R"({"type": "TemplateProcessing",
      "single": [{"SpecialToken": {"id": "b"}}, {"Sequence": {"id": "A"}}, {"SpecialToken": {"id": "<|end|>"}}], "pair": []})");
  EXPECT_EQ(std::get<bool>(*framed.find("tokenizer.ggml.add_bos_token")), true);
  EXPECT_EQ(std::get<bool>(*framed.find("tokenizer.ggml.add_eos_token")), true);
  EXPECT_EQ(std::get<uint32_t>(*framed.find("tokenizer.ggml.eos_token_id")), 4U);  // what the template ends with
  const Metadata separated = with(R"({"type": "TemplateProcessing", "single": [{"Sequence": {"id": "A"}}],
      "pair": [{"Sequence": {"id": "A"}}, {"SpecialToken": {"id": "a"}}, {"Sequence": {"id": "B"}}]})");
  EXPECT_EQ(std::get<bool>(*separated.find("tokenizer.ggml.add_sep_token")), true);
  EXPECT_EQ(separated.find("tokenizer.ggml.add_bos_token"), nullptr);
}

}  // namespace
}  // namespace ar::gguf
