#include "pre_tokenizer.hpp"

#include <algorithm>
#include <array>

#include "ar/cpp/error.hpp"
#include "sha256.hpp"

namespace ar::gguf {
namespace {

struct Known {
  std::string_view digest;  // first 12 digits
  const char* name;
};

// Sorted. Source: llama.cpp, conversion/base.py (formats.md 6.8).
constexpr std::array<Known, 91> kKnown{{
    {"049ecf762987", "deepseek-llm"}, {"0876d13b5074", "jina-v2-en"}, {"0e9433cbbb16", "pixtral"},
    {"0ef9807a4087", "llama-bpe"}, {"0fe1cf6eda06", "gpt-2"}, {"1431a23e583c", "minerva-7b"},
    {"1444df51289c", "qwen35"}, {"16389f0a1f51", "solar-open"}, {"169bf0296a13", "lfm2"},
    {"171aeeedd6fb", "jina-v2-es"}, {"1994ffd01900", "trillion"}, {"2085e1638f6c", "exaone4"},
    {"27949a2493fc", "jina-v2-de"}, {"32d85c31273f", "stablelm2"}, {"347715f54460", "deepseek-coder"},
    {"35d91631860c", "starcoder"}, {"36f3066e97b7", "minicpm5"}, {"3c30d3ad1d6b", "bloom"}, {"3ce83efda565", "gpt-2"},
    {"3eda48b4c4dc", "falcon-h1"}, {"48f8e02c0359", "falcon-h1"}, {"49fc0303c9e0", "afmoe"},
    {"4a2e2abae11c", "kormo"}, {"4e2b24cc4770", "exaone"}, {"52df12b4c8d4", "cohere2moe"},
    {"53e325976a6e", "granite-docling"}, {"60476e124377", "falcon-h1"}, {"60824e3c0d94", "chameleon"},
    {"6221ad2852e8", "refact"}, {"62f6fb0a6fd5", "sarvam-moe"}, {"63b97e425335", "tekken"},
    {"66b8d4e19ab1", "grok-2"}, {"6c81ce329e08", "exaone-moe"}, {"789696f5946c", "granite-embed-multi-311m"},
    {"7967bfa498ad", "jina-v2-code"}, {"7b3e7548e430", "codeshell"}, {"7dec86086fcc", "superbpe"},
    {"7e57df22b1fe", "hunyuan"}, {"7fc505bd3104", "viking"}, {"81212dc7cdb7", "kimi-k2"},
    {"81d72c7348a9", "chatglm-bpe"}, {"855059429035", "smollm"}, {"862f827721df", "f2llmv2"},
    {"877081d19cf6", "deepseek-v3"}, {"8aeee3860c56", "falcon"}, {"8b5a93ed7040", "roberta-bpe"},
    {"8e6229583275", "bert-bge-large"}, {"96a5f08be625", "bailingmoe"}, {"972da7b59cec", "laguna"},
    {"9b1be57e70d2", "bailingmoe2"}, {"9c2227e4dd92", "command-r"}, {"9ca2dd618e8a", "glm4"},
    {"9d032fcbd550", "falcon3"}, {"9d70134b369a", "youtu"}, {"9dcf830ee999", "mellum2"}, {"9e454714343b", "lfm2"},
    {"a023e9fdc5a1", "jina-v5-nano"}, {"a0b64b4385f1", "modern-bert"}, {"a1336059768a", "glm4"},
    {"a1e163ecab2e", "mellum"}, {"a6b57017d60e", "falcon-h1"}, {"a8594e3edff7", "dbrx"}, {"ad851be1dba6", "gigachat"},
    {"b0a6b1c0bd59", "a.x-4.0"}, {"b3d1dd861f1d", "jina-v2-de"}, {"b3f499bb4255", "deepseek-r1-qwen"},
    {"b4b8ca1f9769", "joyai-llm"}, {"b53802fb28e2", "jais"}, {"b6dc8df998e1", "olmo"},
    {"b6e8e1518dc4", "chatglm-bpe"}, {"bba3b3366b64", "hunyuan-dense"}, {"bc01ce58980e", "gpt3-finnish"},
    {"bc5108ee1eb6", "jais-2"}, {"c136ed14d01c", "smaug-bpe"}, {"c7699093ba42", "jina-v1-en"},
    {"c7ea5862a53e", "poro-chat"}, {"ccc2ef013c10", "gpt-4o"}, {"cdf5f3532578", "glm4"}, {"d30d75d9059f", "qwen35"},
    {"d353350c764d", "llama4"}, {"d4540891389e", "qwen2"}, {"d4c8f286ea6b", "megrez"}, {"d5f1dd6f980f", "seed-coder"},
    {"d772b220ace2", "tiny_aya"}, {"e4d54df1ebc1", "kanana2"}, {"e636dc30a262", "qwen2"},
    {"f24107214567", "granite-embed-multi-97m"}, {"f4f37b6c8eb9", "minimax-m2"}, {"f6791d196f87", "midm-2.0"},
    {"f728162c1315", "talkie"}, {"fcace8b9cac3", "phi-2"},
}};

}  // namespace

const std::string_view kPreTokenizerCheck =
    "\n \n\n \n\n\n \t \t\t \t\n  \n   \n    \n     \n\360\237\232\200 (normal) \360\237\230\266\342\200\215\360"
    "\237\214\253\357\270\217 (multiple emojis concatenated) \342\234\205 \360\237\246\231\360\237\246\231 3 33 3"
    "33 3333 33333 333333 3333333 33333333 3.3 3..3 3...3 \341\236\200\341\236\266\341\236\223\341\237\213\341"
    "\236\217\341\237\202\341\236\226\341\236\267\341\236\237\341\237\201\341\236\237\341\236\242\341\236\266\341"
    "\236\205\360\237\230\201 ?\346\210\221\346\203\263\345\234\250apple\345\267\245\344\275\2341314151\345\244"
    "\251\357\275\236 ------======= \320\275\320\265\321\211\320\276 \320\275\320\260 \320\221\321\212\320\273"
    "\320\263\320\260\321\200\321\201\320\272\320\270 ''''''```````\"\"\"\"......!!!!!!?????? I've been 'told he'"
    "s there, 'RE you sure? 'M not sure I'll make it, 'D you like some tea? We'Ve a'lL";

std::string pre_tokenizer_name(const std::vector<int64_t>& ids) {
  std::string list = "[";  // as Python prints a list
  for (const int64_t id : ids) list += (list.size() == 1 ? "" : ", ") + std::to_string(id);
  const std::string digest = sha256_hex(list + "]");
  const std::string_view start = std::string_view(digest).substr(0, 12);
  const auto* known =
      std::lower_bound(kKnown.begin(), kKnown.end(), start, [](const Known& k, std::string_view d) { return k.digest < d; });
  if (known != kKnown.end() && known->digest == start) return known->name;
  throw Error(AR_UNSUPPORTED,
              "tokenizer.json: its pre-tokenizer (check digest " + digest + ") is none of those llama.cpp knows by name");
}

}  // namespace ar::gguf
