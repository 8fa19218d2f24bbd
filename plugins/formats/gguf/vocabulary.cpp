#include "vocabulary.hpp"

#include <map>
#include <set>

#include "ar/cpp/error.hpp"
#include "ar/cpp/host_services.hpp"
#include "pre_tokenizer.hpp"
#include "sentencepiece.hpp"
#include "special_tokens.hpp"
#include "token_type.hpp"
#include "tokenizer_json.hpp"

namespace ar::gguf {
namespace {

namespace json = boost::json;

constexpr float kHoleScore = -10000.0F;
constexpr float kAddedScore = -1000.0F;  // of tokens without a score of their own

bool starts_with(const std::string& text, std::string_view start) { return text.compare(0, start.size(), start) == 0; }
bool ends_with(const std::string& text, std::string_view end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

/// Control tokens that some models do not mark as special.
bool looks_special(const std::string& t) {
  return t == "<pad>" || t == "<mask>" || t == "<2mass>" || t == "[@BOS@]" || (starts_with(t, "<|") && ends_with(t, "|>")) ||
         (starts_with(t, "<\uFF5C") && ends_with(t, "\uFF5C>")) || (starts_with(t, "<unused") && ends_with(t, ">"));
}

/// U+2581 stands for a blank in vocabularies; llama.cpp wants user-defined tokens as they look in text.
std::string with_blanks(std::string text) {
  const std::string_view mark = "\u2581";
  for (size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, at)) text.replace(at, mark.size(), " ");
  return text;
}

bool is_byte_token(const std::string& t) {
  return t.size() == 6 && starts_with(t, "<0x") && t[5] == '>' && std::isxdigit(static_cast<unsigned char>(t[3])) != 0 &&
         std::isxdigit(static_cast<unsigned char>(t[4])) != 0;
}

struct Vocabulary {
  std::vector<std::string> tokens;
  std::vector<float> scores;
  std::vector<int32_t> types;

  explicit Vocabulary(int64_t n) : scores(static_cast<size_t>(n), kHoleScore), types(static_cast<size_t>(n), kUnused) {
    for (int64_t i = 0; i < n; ++i) tokens.push_back("[PAD" + std::to_string(i) + "]");
  }
  /// False for an id outside the model's vocabulary.
  bool put(int64_t id, const std::string& token, float score, int32_t type) {
    if (id < 0 || id >= static_cast<int64_t>(tokens.size())) return false;
    const auto i = static_cast<size_t>(id);
    tokens[i] = token;
    scores[i] = score;
    types[i] = type;
    return true;
  }
  void put_added(const AddedToken& token) {
    const bool control = token.special || looks_special(token.text);
    put(token.id, control ? token.text : with_blanks(token.text), kAddedScore, control ? kControl : kUserDefined);
  }
};

void write(const Vocabulary& v, const char* model, const std::string& pre, bool scores, Metadata& metadata) {
  metadata.set("tokenizer.ggml.model", std::string(model));
  metadata.set("tokenizer.ggml.pre", pre);
  metadata.set("tokenizer.ggml.tokens", to_array(v.tokens));
  if (scores) metadata.set("tokenizer.ggml.scores", to_array(v.scores));
  metadata.set("tokenizer.ggml.token_type", to_array(v.types));
}

void add_sentencepiece(const SourceFiles& source, int64_t n_vocab, Metadata& metadata) {
  const std::vector<Piece> pieces = read_sentencepiece(source.text("tokenizer.model"));
  Vocabulary v(n_vocab > 0 ? n_vocab : static_cast<int64_t>(pieces.size()));
  for (size_t i = 0; i < pieces.size(); ++i) {
    const int32_t type = pieces[i].type == kUserDefined ? kNormal : pieces[i].type;
    v.put(static_cast<int64_t>(i), pieces[i].text, pieces[i].score, type);
  }
  for (const auto& [text, id] : source.json("added_tokens.json"))
    v.put(id.as_int64(), std::string(text), kAddedScore, kUserDefined);
  for (const AddedToken& token : added_tokens_decoder(source.json("tokenizer_config.json"))) v.put_added(token);
  write(v, "llama", "default", true, metadata);
  add_special_tokens(source, {false, static_cast<int64_t>(v.tokens.size())}, metadata);
}

/// Texts that a tokenizer of transformers lists as special: bos_token and so on, and the additional ones.
std::set<std::string> listed_specials(const SourceFiles& source) {
  std::set<std::string> specials;
  for (const char* file : {"tokenizer_config.json", "special_tokens_map.json"}) {
    const json::object config = source.json(file);
    for (const char* kind : {"bos", "eos", "unk", "sep", "pad", "cls", "mask"})
      specials.insert(token_text(config, std::string(kind) + "_token"));
    for (const char* key : {"additional_special_tokens", "extra_special_tokens"}) {
      const json::value* list = config.if_contains(key);
      if (list == nullptr || !list->is_array()) continue;
      for (const json::value& item : list->get_array()) {
        if (item.is_object()) specials.insert(text_member(item.get_object(), "content"));
        if (item.is_string()) specials.emplace(item.get_string());
      }
    }
  }
  specials.erase("");
  return specials;
}

/// A "fast" Llama vocabulary: BPE with byte fallback.
bool is_llama_bpe(const json::object& tokenizer) {
  const json::value* model = tokenizer.if_contains("model");
  const json::value* decoder = tokenizer.if_contains("decoder");
  if (model == nullptr || !model->is_object() || decoder == nullptr || !decoder->is_object()) return false;
  const json::value* fallback = model->get_object().if_contains("byte_fallback");
  return text_member(model->get_object(), "type") == "BPE" && fallback != nullptr && fallback->is_bool() &&
         fallback->get_bool() && text_member(decoder->get_object(), "type") == "Sequence";
}

void add_llama_bpe(const SourceFiles& source, const json::object& tokenizer, Metadata& metadata) {
  const std::set<std::string> specials = listed_specials(source);
  const auto base = model_vocabulary(tokenizer);
  const auto n_base = static_cast<int64_t>(base.size());
  std::map<int64_t, std::string> added;  // beyond the model's own tokens
  for (const AddedToken& token : added_tokens(tokenizer)) {
    if (token.id >= n_base) added[token.id] = token.text;
  }
  Vocabulary v(n_base + static_cast<int64_t>(added.size()));
  for (const auto& [id, text] : base) {
    const int32_t type = is_byte_token(text) ? kByte : specials.count(text) != 0 ? kControl : kNormal;
    v.put(id, text, kAddedScore, type);
  }
  int64_t next = n_base;
  for (const auto& [id, text] : added) v.put(next++, text, kAddedScore, specials.count(text) != 0 ? kControl : kUserDefined);
  write(v, "llama", "default", true, metadata);
  add_special_tokens(source, {false, static_cast<int64_t>(v.tokens.size())}, metadata);
}

std::string detect_pre_tokenizer(const ar_host& host, const SourceFiles& source) {
  if (host.struct_size < offsetof(ar_host, tokenize) + sizeof(host.tokenize) || host.tokenize == nullptr)
    throw Error(AR_UNSUPPORTED, "this host lends no tokenizer, which naming the pre-tokenizer of tokenizer.json takes");
  std::vector<int64_t> ids;
  const auto take = [](void* to, const int64_t* first, size_t n) -> ar_status {
    static_cast<std::vector<int64_t>*>(to)->assign(first, first + n);
    return AR_OK;
  };
  ar_error err{};
  const std::string_view text = kPreTokenizerCheck;
  require_ok(host.tokenize(host.ctx, source.folder().c_str(), text.data(), text.size(), &ids, take, &err), err, "tokenize");
  return pre_tokenizer_name(ids);
}

void add_byte_level(const ar_host& host, const SourceFiles& source, const json::object& tokenizer, int64_t n_vocab,
                    Metadata& metadata) {
  const auto base = model_vocabulary(tokenizer);
  Vocabulary v(n_vocab > 0 ? n_vocab : static_cast<int64_t>(base.size()));
  for (const auto& [id, text] : base) {
    if (!v.put(id, text, 0.0F, kNormal))
      throw Error(AR_INVALID_ARGUMENT, "tokenizer.json: token id " + std::to_string(id) + " is not below vocab_size " +
                                           std::to_string(v.tokens.size()));
  }
  for (const AddedToken& token : added_tokens(tokenizer)) v.put_added(token);
  write(v, "gpt2", detect_pre_tokenizer(host, source), false, metadata);
  add_special_tokens(source, {true, 0}, metadata);
}

}  // namespace

void add_vocabulary(const ar_host& host, const SourceFiles& source, const Declaration& declaration, Metadata& metadata) {
  if (declaration.space_prefix_from_config) {
    const json::object config = source.json("tokenizer_config.json");
    const json::value* prefix = config.if_contains("add_prefix_space");
    if (prefix != nullptr && prefix->is_bool()) metadata.set("tokenizer.ggml.add_space_prefix", prefix->get_bool());
  }
  const json::object tokenizer = source.json("tokenizer.json");
  for (const std::string& kind : declaration.vocabularies) {
    if (kind == "sentencepiece" && source.has("tokenizer.model"))
      return add_sentencepiece(source, declaration.vocab_size, metadata);
    if (kind == "llama" && is_llama_bpe(tokenizer)) return add_llama_bpe(source, tokenizer, metadata);
    if (kind == "gpt2" && !tokenizer.empty())
      return add_byte_level(host, source, tokenizer, declaration.vocab_size, metadata);
  }
  throw Error(AR_NOT_FOUND, source.folder() + ": no tokenizer.model or tokenizer.json that GGUF can hold");
}

}  // namespace ar::gguf
