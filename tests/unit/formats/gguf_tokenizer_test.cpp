// The tokenizer read out of a file is the one that was written into it.
#include "gguf/source_tokenizer.hpp"

#include <algorithm>
#include <fstream>
#include <map>

#include <boost/json.hpp>

#include "core/base/json.hpp"
#include "core/calib/tokenizer.hpp"
#include "gguf/declaration.hpp"
#include "gguf/pre_tokenizer.hpp"
#include "gguf/vocabulary.hpp"
#include "tests/unit/calib/golden.hpp"
#include "tests/unit/formats/gguf_fixture.hpp"
#include "tests/unit/formats/smollm_ids.hpp"
#include "tests/unit/temp_folder.hpp"

namespace ar::gguf {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using calib::Tokenizer;

struct Case {
  const char* name;    // folder of the golden data
  const char* pre;     // what llama.cpp calls it; "" for SentencePiece vocabularies
  const char* config;  // tokenizer_config.json; null: the folder has its own
  size_t n_unlike;     // texts whose ids differ, because of `reason`
  const char* reason;
};

constexpr const char* kAngles =
    R"({"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>",
        "additional_special_tokens": ["<|im_start|>", "<|im_end|>", "[INST]"]})";
constexpr const char* kTakesBlanks = "no key says that added tokens take the blanks around them";
constexpr Case kCases[] = {
    {"gpt2", "gpt-2", R"({"eos_token": "<|endoftext|>"})", 0, ""},
    {"smollm2", "smollm", R"({"eos_token": "<|im_end|>"})", 2,
     "smollm stands for digits apart, which this copy leaves out"},
    {"bpe-llama3", "llama-bpe", R"({"bos_token": "<|begin_of_text|>"})", 0, ""},
    {"bpe-qwen2-nfc", "qwen2", R"({"eos_token": "<|im_end|>"})", 0, ""},
    {"bpe-gpt4o", "gpt-4o", R"({"eos_token": "<|end|>"})", 0, ""},
    {"bpe-deepseek", "deepseek-v3", R"({"bos_token": "<|begin▁of▁sentence|>"})", 0, ""},
    {"bpe-metaspace-first", "", kAngles, 4, kTakesBlanks},
    {"tinystories", "", nullptr, 0, ""},
    {"llama-sp32000", "", nullptr, 1, "no key says that a blank comes after every special token (legacy)"},
};

std::string test_name(const testing::TestParamInfo<Case>& info) {
  std::string name = info.param.name;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

fs::path tokenizer_of(const std::string& name) {
  if (name == "tinystories") return fs::path(AR_SOURCE_DIR) / "examples/tinystories-656k";
  if (name == "llama-sp32000") return fs::path(AR_SHARED_DIR) / "data/tokenizers/llama-sp32000";
  return test::golden_tokenizers() / name;
}

/// A host whose tokenizer gives the ids of a pre-tokenizer with a name: trained vocabularies have none.
const ar_host& naming_host() {
  static const ar_host kHost = [] {
    ar_host host{};
    host.struct_size = sizeof host;
    host.tokenize = [](void*, const char*, const char*, size_t, void* arg,
                       ar_status (*take)(void*, const int64_t*, size_t),
                       ar_error*) -> ar_status { return take(arg, test::kSmolIds.data(), test::kSmolIds.size()); };
    return host;
  }();
  return kHost;
}

/// The keys that the writer stores for a folder.
Metadata written(const fs::path& folder, const std::string& pre) {
  Declaration declaration;
  declaration.vocabularies = {"sentencepiece", "llama", "gpt2"};
  constexpr int64_t kFillers = 2;  // the model's vocabulary is rounded up
  declaration.vocab_size = Tokenizer::open(folder).vocab_size() + kFillers;
  declaration.space_prefix_from_config = true;
  Metadata metadata;
  add_vocabulary(naming_host(), SourceFiles(folder.string()), declaration, metadata);
  if (!pre.empty()) metadata.set("tokenizer.ggml.pre", pre);
  return metadata;
}

void store(const std::vector<NamedFile>& files, const fs::path& folder) {
  for (const NamedFile& file : files) std::ofstream(folder / file.name, std::ios::binary) << file.bytes;
}

/// Keys in no order, without the one whose absence means the same as the value it gets.
std::map<std::string, std::string> by_key(const Metadata& metadata) {
  std::map<std::string, std::string> keys;
  for (const auto& [key, value] : metadata.items()) {
    Metadata one;
    one.set(key, value);
    if (key != "tokenizer.ggml.add_sep_token") keys[key] = serialize_header(one, {});
  }
  return keys;
}

void copy_tokenizer(const Case& c, const fs::path& to) {
  for (const char* name : {"tokenizer.json", "tokenizer.model", "tokenizer_config.json"}) {
    if (fs::exists(tokenizer_of(c.name) / name)) fs::copy(tokenizer_of(c.name) / name, to);
  }
  if (c.config != nullptr) std::ofstream(to / "tokenizer_config.json") << c.config;
}

class GgufTokenizer : public testing::TestWithParam<Case> {};

TEST_P(GgufTokenizer, GivesTheIdsOfTheOriginal) {
  const Case& c = GetParam();
  std::ifstream cases(test::golden_tokenizers() / c.name / "cases.jsonl");
  if (!cases || !fs::exists(tokenizer_of(c.name) / "tokenizer.json"))
    GTEST_SKIP() << c.name << " is only in the full golden data";
  const test::TempFolder source, read_back;
  copy_tokenizer(c, source.path());
  store(source_tokenizer(written(source.path(), c.pre)), read_back.path());

  const Tokenizer expected = Tokenizer::open(source.path());
  const Tokenizer actual = Tokenizer::open(read_back.path());
  int n_texts = 0;
  std::vector<std::string> unlike;
  for (std::string line; std::getline(cases, line); ++n_texts) {
    const auto value = base::parse_json(line, c.name);
    const base::JsonCursor text(value, c.name);
    const bool special = text.get_bool("special");
    const auto ids = expected.encode(text.get_string("text"), special);
    if (actual.encode(text.get_string("text"), special) != ids) unlike.push_back(text.get_string("text"));
    EXPECT_EQ(actual.decode(ids, false), expected.decode(ids, false)) << line;
  }
  EXPECT_GT(n_texts, 200);
  EXPECT_EQ(unlike.size(), c.n_unlike) << c.reason << testing::PrintToString(unlike);
  EXPECT_EQ(actual.config().bos_id, expected.config().bos_id);
  EXPECT_EQ(actual.config().eos_id, expected.config().eos_id);
}

/// What a file says does not wear off by being read and written again.
TEST_P(GgufTokenizer, IsWrittenAgainAsItWas) {
  const Case& c = GetParam();
  if (!fs::exists(tokenizer_of(c.name) / "tokenizer.json"))
    GTEST_SKIP() << c.name << " is only in the full golden data";
  const test::TempFolder source, read_back;
  copy_tokenizer(c, source.path());
  const Metadata first = written(source.path(), c.pre);
  store(source_tokenizer(first), read_back.path());
  EXPECT_TRUE(by_key(written(read_back.path(), c.pre)) == by_key(first));
}

INSTANTIATE_TEST_SUITE_P(, GgufTokenizer, testing::ValuesIn(kCases), test_name);

}  // namespace
}  // namespace ar::gguf
