#include "source_tokenizer.hpp"

#include <algorithm>
#include <string>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "ar/cpp/error.hpp"
#include "piece_merges.hpp"
#include "pre_tokenizer_rule.hpp"
#include "sentencepiece.hpp"
#include "token_type.hpp"
#include "tokenizer_keys.hpp"

namespace ar::gguf {
namespace {

namespace json = boost::json;

constexpr const char* kBlank = "\u2581";

bool is_added(int32_t type) { return type == kControl || type == kUserDefined || type == kUnknown; }

/// Where the model's own tokens end: behind them come added ones, then fillers up to the model's vocabulary.
struct Extent {
  size_t n_own;
  size_t n_all;
};

Extent extent_of(const TokenizerKeys& keys) {
  size_t n_all = keys.tokens.size();
  while (n_all > 0 && keys.types[n_all - 1] == kUnused && keys.tokens[n_all - 1].rfind("[PAD", 0) == 0) --n_all;
  size_t n_own = n_all;
  while (n_own > 0 && is_added(keys.types[n_own - 1])) --n_own;
  return {n_own, n_all};
}

json::object added_token(const TokenizerKeys& keys, size_t id) {
  return {{"content", keys.tokens[id]},
          {"single_word", false},
          {"lstrip", false},
          {"rstrip", false},
          {"normalized", false},
          {"special", keys.types[id] != kUserDefined}};
}

json::array added_tokens(const TokenizerKeys& keys, size_t n_all) {
  json::array list;
  for (size_t i = 0; i < n_all; ++i) {
    if (!is_added(keys.types[i])) continue;
    list.push_back(added_token(keys, i));
    list.back().as_object()["id"] = i;
  }
  return list;
}

json::object bpe(const TokenizerKeys& keys, size_t n_own,
                 const std::vector<std::pair<std::string, std::string>>& merges) {
  json::object vocab;
  vocab.reserve(n_own);
  for (size_t i = 0; i < n_own; ++i) vocab.emplace(keys.tokens[i], i);
  json::array pairs;
  pairs.reserve(merges.size());
  for (const auto& [left, right] : merges) pairs.push_back(json::array{json::string(left), json::string(right)});
  return {{"type", "BPE"},
          {"dropout", nullptr},
          {"unk_token", nullptr},
          {"continuing_subword_prefix", nullptr},
          {"end_of_word_suffix", nullptr},
          {"fuse_unk", false},
          {"byte_fallback", false},
          {"ignore_merges", false},
          {"vocab", std::move(vocab)},
          {"merges", std::move(pairs)}};
}

/// BOS and EOS around a text, as the flags say.
json::object post_processor(const TokenizerKeys& keys, bool bos_is_usual) {
  const auto item = [](const char* kind, const std::string& id, int type) {
    return json::object{{kind, json::object{{"id", id}, {"type_id", type}}}};
  };
  json::array single, pair;
  json::object special_tokens;
  const auto add = [&](const char* kind, bool wanted, int type) {
    const auto id = keys.special_ids.find(kind);
    if (!wanted || id == keys.special_ids.end()) return;
    const std::string& token = keys.tokens[id->second];
    if (type == 0) single.push_back(item("SpecialToken", token, 0));
    pair.push_back(item("SpecialToken", token, type));
    special_tokens[token] =
        json::object{{"id", token}, {"ids", json::array{id->second}}, {"tokens", json::array{json::string(token)}}};
  };
  for (const int type : {0, 1}) {
    add("bos", keys.add_bos.value_or(bos_is_usual), type);
    if (type == 0) single.push_back(item("Sequence", "A", 0));
    pair.push_back(item("Sequence", type == 0 ? "A" : "B", type));
    add("eos", keys.add_eos.value_or(false), type);
  }
  return {{"type", "TemplateProcessing"}, {"single", single}, {"pair", pair}, {"special_tokens", special_tokens}};
}

void add_byte_level(const TokenizerKeys& keys, size_t n_own, json::object& tokenizer) {
  if (keys.merges.empty())
    throw Error(AR_INVALID_ARGUMENT, "tokenizer.ggml.merges is missing; tokenizer.ggml.model gpt2 needs it");
  const PreTokenizerRule rule = pre_tokenizer_rule(keys.pre);
  if (rule.composes) tokenizer["normalizer"] = json::object{{"type", "NFC"}};
  tokenizer["pre_tokenizer"] = rule.pre_tokenizer;
  tokenizer["post_processor"] = post_processor(keys, rule.adds_bos);
  tokenizer["decoder"] =
      json::object{{"type", "ByteLevel"}, {"add_prefix_space", true}, {"trim_offsets", true}, {"use_regex", true}};
  json::object model = bpe(keys, n_own, keys.merges);
  model["ignore_merges"] = rule.ignores_merges;
  tokenizer["model"] = std::move(model);
}

/// As transformers' LlamaTokenizer has it: no unknown token, a blank before the first word.
void add_pieces(const TokenizerKeys& keys, size_t n_own, json::object& tokenizer) {
  const bool prefix = keys.add_space_prefix.value_or(true);
  tokenizer["pre_tokenizer"] = json::object{
      {"type", "Metaspace"}, {"replacement", kBlank}, {"prepend_scheme", prefix ? "first" : "never"}, {"split", false}};
  tokenizer["post_processor"] = post_processor(keys, /*bos_is_usual=*/true);
  json::array steps{json::object{{"type", "Replace"}, {"pattern", json::object{{"String", kBlank}}}, {"content", " "}},
                    json::object{{"type", "ByteFallback"}}, json::object{{"type", "Fuse"}}};
  if (prefix) steps.push_back(json::object{{"type", "Strip"}, {"content", " "}, {"start", 1}, {"stop", 0}});
  tokenizer["decoder"] = json::object{{"type", "Sequence"}, {"decoders", std::move(steps)}};
  json::object model = bpe(keys, n_own, keys.merges.empty() ? piece_merges(keys) : keys.merges);
  model["fuse_unk"] = true;
  model["byte_fallback"] = true;
  tokenizer["model"] = std::move(model);
}

json::object tokenizer_json(const TokenizerKeys& keys) {
  const Extent extent = extent_of(keys);
  json::object tokenizer{{"version", "1.0"},
                         {"truncation", nullptr},
                         {"padding", nullptr},
                         {"added_tokens", added_tokens(keys, extent.n_all)},
                         {"normalizer", nullptr}};
  if (keys.model == "gpt2") {
    add_byte_level(keys, extent.n_own, tokenizer);
  } else if (keys.model == "llama") {
    add_pieces(keys, extent.n_own, tokenizer);
  } else {
    throw Error(AR_UNSUPPORTED, "tokenizer.ggml.model is '" + keys.model + "'; read are gpt2 and llama");
  }
  return tokenizer;
}

json::value chat_template(const TokenizerKeys& keys) {
  if (keys.chat_templates.size() == 1 && keys.chat_templates.front().first == "default")
    return json::string(keys.chat_templates.front().second);
  json::array named;
  for (const auto& [name, text] : keys.chat_templates)
    named.push_back(json::object{{"name", name}, {"template", text}});
  return named;
}

/// Added tokens by id, and those that are special without a name: what is written into a GGUF file again.
void add_tokens(const TokenizerKeys& keys, json::object& config) {
  json::object decoder;
  json::array unnamed;
  for (size_t i = 0; i < keys.tokens.size(); ++i) {
    if (!is_added(keys.types[i])) continue;
    decoder[std::to_string(i)] = added_token(keys, i);
    const bool named =
        std::any_of(keys.special_ids.begin(), keys.special_ids.end(), [&](const auto& s) { return s.second == i; });
    if (keys.types[i] != kUserDefined && !named) unnamed.push_back(json::string(keys.tokens[i]));
  }
  config["added_tokens_decoder"] = std::move(decoder);
  config["additional_special_tokens"] = std::move(unnamed);
}

/// The class is the one that takes tokenizer.json as it stands.
json::object tokenizer_config(const TokenizerKeys& keys) {
  json::object config{{"tokenizer_class", "PreTrainedTokenizerFast"}, {"clean_up_tokenization_spaces", false}};
  if (keys.add_space_prefix) config["add_prefix_space"] = *keys.add_space_prefix;
  if (keys.add_bos) config["add_bos_token"] = *keys.add_bos;
  if (keys.add_eos) config["add_eos_token"] = *keys.add_eos;
  for (const auto& [kind, id] : keys.special_ids) {
    if (is_added(keys.types[id])) config[kind + "_token"] = keys.tokens[id];  // readers make special whatever is named
  }
  add_tokens(keys, config);
  if (!keys.chat_templates.empty()) config["chat_template"] = chat_template(keys);
  return config;
}

/// Scores, which tokenizer.json has no place for. Readers want one unknown piece.
std::string tokenizer_model(const TokenizerKeys& keys) {
  std::vector<Piece> pieces;
  const auto unknown = keys.special_ids.find("unk");
  for (size_t i = 0; i < keys.tokens.size(); ++i) {
    const bool is_unknown = unknown != keys.special_ids.end() && unknown->second == i;
    pieces.push_back({keys.tokens[i], keys.scores[i], is_unknown ? kUnknown : keys.types[i]});
  }
  return write_sentencepiece(pieces, keys.add_space_prefix.value_or(true));
}

}  // namespace

std::vector<NamedFile> source_tokenizer(const Metadata& metadata) {
  const TokenizerKeys keys = read_tokenizer_keys(metadata);
  std::vector<NamedFile> files{{"tokenizer.json", json::serialize(tokenizer_json(keys))},
                               {"tokenizer_config.json", json::serialize(tokenizer_config(keys)) + "\n"}};
  if (keys.model == "llama" && has_scores(keys)) files.push_back({"tokenizer.model", tokenizer_model(keys)});
  return files;
}

}  // namespace ar::gguf
