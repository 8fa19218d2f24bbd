#include "pre_tokenizer_rule.hpp"

#include <algorithm>
#include <vector>

#include <boost/json/array.hpp>

#include "ar/cpp/error.hpp"

namespace ar::gguf {
namespace {

namespace json = boost::json;

constexpr const char* kDigit = R"(\p{N})";
constexpr const char* kGpt2 = "";  // the expression that ByteLevel has of its own

/// Expressions as the models' own tokenizer.json files have them; llama.cpp's src/llama-vocab.cpp quotes them.
struct Expressions {
  const std::string word_end = R"((?i:'s|'t|'re|'ve|'m|'ll|'d))";
  const std::string blanks = R"(\s*[\r\n]+|\s+(?!\S)|\s+)";
  const std::string before = R"([^\r\n\p{L}\p{N}]?)";
  const std::string upper = R"([\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}])";
  const std::string lower = R"([\p{Ll}\p{Lm}\p{Lo}\p{M}])";

  const std::string three_digits = R"(\p{N}{1,3})";
  const std::string cjk = "[\u4E00-\u9FA5\u3040-\u309F\u30A0-\u30FF]+";
  const std::string llama3 = word_end + "|" + before + R"(\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|)" + blanks;
  const std::string qwen2 = word_end + "|" + before + R"(\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|)" + blanks;
  const std::string qwen35 =
      word_end + "|" + before + R"([\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|)" + blanks;
  const std::string tekken = before + upper + "*" + lower + "+|" + before + upper + "+" + lower +
                             R"(*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|)" + blanks;
  const std::string gpt4o = before + upper + "*" + lower + "+" + word_end + "?|" + before + upper + "+" + lower + "*" +
                            word_end + R"(?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|)" + blanks;
  const std::string seed_coder = word_end + "|" + before + R"(\p{L}+|\p{N}{1}| ?[^\s\p{L}\p{N}\r\n]+|)" + blanks;
  const std::string bailing =
      R"('(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+)";
  const std::string deepseek =
      R"([!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|)" +
      blanks;
};

enum Flags : unsigned { kNone = 0, kComposes = 1, kIgnoresMerges = 2, kAddsBos = 4 };

struct Group {
  std::vector<std::string> splits;  // one after the other
  unsigned flags;
  std::vector<const char*> names;
};

/// Names and groups: llama.cpp, src/llama-vocab.cpp. NFC: transformers' tokenizers of Qwen.
std::vector<Group> make_groups() {
  const Expressions e;
  return {
      {{kGpt2},
       kNone,
       {"gpt-2", "phi-2", "mpt", "olmo", "jais", "gigachat", "a.x-4.0", "mellum", "exaone4", "trillion",
        "granite-docling"}},
      {{kDigit, kGpt2},
       kNone,
       {"smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b", "mellum2"}},
      {{e.llama3},
       kIgnoresMerges | kAddsBos,
       {"llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2"}},
      {{e.llama3}, kIgnoresMerges, {"glm4", "glm5"}},
      {{e.llama3}, kNone, {"dbrx", "smaug-bpe", "chatglm-bpe"}},
      {{e.qwen2}, kComposes, {"qwen2"}},
      {{e.qwen2},
       kNone,
       {"deepseek-r1-qwen", "kormo", "f2llmv2", "megrez", "stablelm2", "hunyuan", "solar-open", "grok-2"}},
      {{e.qwen35}, kComposes, {"qwen35"}},
      {{e.tekken}, kIgnoresMerges | kAddsBos, {"tekken"}},
      {{e.gpt4o}, kNone, {"gpt-4o", "llama4", "kanana2", "talkie", "minimax-m2"}},
      {{e.three_digits, e.cjk, e.deepseek}, kNone, {"deepseek-v3", "hunyuan-dense", "joyai-llm", "hy_v4"}},
      {{e.seed_coder}, kNone, {"seed-coder"}},
      {{e.bailing}, kNone, {"bailingmoe", "bailingmoe2", "llada-moe"}},
  };
}

json::object byte_level(bool use_regex) {
  return {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", true}, {"use_regex", use_regex}};
}

json::object split(const std::string& expression) {
  if (expression == kDigit) return {{"type", "Digits"}, {"individual_digits", true}};
  return {
      {"type", "Split"}, {"pattern", json::object{{"Regex", expression}}}, {"behavior", "Isolated"}, {"invert", false}};
}

json::object pre_tokenizer(const Group& group) {
  const bool own_expression = group.splits.back() == kGpt2;
  json::array steps;
  for (const std::string& expression : group.splits) {
    if (expression != kGpt2) steps.push_back(split(expression));
  }
  steps.push_back(byte_level(own_expression));
  if (steps.size() == 1) return steps.front().as_object();
  return {{"type", "Sequence"}, {"pretokenizers", std::move(steps)}};
}

}  // namespace

PreTokenizerRule pre_tokenizer_rule(const std::string& name) {
  static const std::vector<Group> kGroups = make_groups();
  for (const Group& group : kGroups) {
    if (std::find(group.names.begin(), group.names.end(), name) == group.names.end()) continue;
    return {pre_tokenizer(group), (group.flags & kComposes) != 0, (group.flags & kIgnoresMerges) != 0,
            (group.flags & kAddsBos) != 0};
  }
  if (name.empty())
    throw Error(AR_UNSUPPORTED, "tokenizer.ggml.pre is missing, so nobody can tell how it splits a text");
  throw Error(AR_UNSUPPORTED, "tokenizer.ggml.pre is '" + name + "', a pre-tokenizer that is not read");
}

}  // namespace ar::gguf
