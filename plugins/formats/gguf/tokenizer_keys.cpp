#include "tokenizer_keys.hpp"

#include <cstring>
#include <string_view>
#include <unordered_map>

#include "ar/cpp/error.hpp"
#include "special_tokens.hpp"
#include "token_type.hpp"
#include "utf8.hpp"

namespace ar::gguf {
namespace {

const std::string kPrefix = "tokenizer.ggml.";
constexpr size_t kLongestToken = 1024;  // bytes; taking tokens apart costs their square
const std::string kTemplate = "tokenizer.chat_template";

[[noreturn]] void fail(const std::string& text) { throw Error(AR_INVALID_ARGUMENT, text); }

void require_utf8(const std::string& text, const std::string& where) {
  if (!is_utf8(text)) fail(where + " is no UTF-8");
}

/// A value of one type, or null where the key is absent.
template <typename T>
const T* find(const Metadata& metadata, const std::string& key, const char* expected) {
  const Value* value = metadata.find(key);
  if (value == nullptr) return nullptr;
  const T* typed = std::get_if<T>(value);
  if (typed == nullptr) fail(key + " must be " + expected);
  return typed;
}

const Array* find_array(const Metadata& metadata, const std::string& key, ValueType item, const char* expected) {
  const Array* array = find<Array>(metadata, key, expected);
  if (array != nullptr && array->item != item) fail(key + " must be " + expected);
  return array;
}

std::string text_of(const Metadata& metadata, const std::string& key) {
  const std::string* text = find<std::string>(metadata, key, "a string");
  if (text == nullptr) return "";
  require_utf8(*text, key);
  return *text;
}

std::vector<std::string> texts_of(const Metadata& metadata, const std::string& key) {
  const Array* array = find_array(metadata, key, ValueType::kString, "an array of strings");
  if (array == nullptr) return {};
  std::vector<std::string> texts = strings(*array);
  for (size_t i = 0; i < texts.size(); ++i) require_utf8(texts[i], key + "[" + std::to_string(i) + "]");
  return texts;
}

template <typename T>
std::vector<T> numbers_of(const Metadata& metadata, const std::string& key, ValueType item, const char* expected) {
  const Array* array = find_array(metadata, key, item, expected);
  if (array == nullptr) return {};
  std::vector<T> numbers(array->count);
  std::memcpy(numbers.data(), array->bytes.data(), array->bytes.size());
  return numbers;
}

void require_one_a_token(const TokenizerKeys& keys, const char* name, size_t n) {
  if (n == keys.tokens.size()) return;
  fail(kPrefix + name + " has " + std::to_string(n) + " items, " + kPrefix + "tokens " +
       std::to_string(keys.tokens.size()));
}

std::optional<bool> flag_of(const Metadata& metadata, const char* name) {
  const bool* flag = find<bool>(metadata, kPrefix + name, "a bool");
  return flag == nullptr ? std::nullopt : std::optional(*flag);
}

/// An unsigned 32-bit number, as every writer stores ids.
void read_ids(const Metadata& metadata, TokenizerKeys& keys) {
  for (const char* kind : {"bos", "eos", "unk", "sep", "pad", "mask"}) {
    const std::string key = special_token_key(kind);
    const uint32_t* id = find<uint32_t>(metadata, key, "an unsigned 32-bit number");
    if (id == nullptr) continue;
    if (*id >= keys.tokens.size())
      fail(key + " is " + std::to_string(*id) + "; there are " + std::to_string(keys.tokens.size()) + " tokens");
    keys.special_ids[kind] = *id;
  }
}

/// Files without token_type: what has a special id is special.
void assume_types(TokenizerKeys& keys) {
  keys.types.assign(keys.tokens.size(), kNormal);
  for (const auto& [kind, id] : keys.special_ids) keys.types[id] = kControl;
}

using Ids = std::unordered_map<std::string_view, size_t>;

Ids check_tokens(std::vector<std::string>& tokens) {
  Ids ids;
  for (size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i].empty()) tokens[i] = "[EMPTY_" + std::to_string(i) + "]";  // as llama.cpp names them
    if (tokens[i].size() > kLongestToken)
      fail(kPrefix + "tokens[" + std::to_string(i) + "] has " + std::to_string(tokens[i].size()) +
           " bytes; at most 1024 are read");
    const auto [it, is_new] = ids.emplace(tokens[i], i);
    if (!is_new)
      fail(kPrefix + "tokens: " + std::to_string(it->second) + " and " + std::to_string(i) + " are both '" + tokens[i] +
           "'");
  }
  return ids;
}

void read_merges(const Metadata& metadata, const Ids& ids, TokenizerKeys& keys) {
  const std::string key = kPrefix + "merges";
  const std::vector<std::string> lines = texts_of(metadata, key);
  for (size_t i = 0; i < lines.size(); ++i) {
    const std::string where = key + "[" + std::to_string(i) + "], '" + lines[i] + "',";
    const size_t blank = lines[i].find(' ', 1);  // the left side may be a blank itself
    if (blank == std::string::npos || blank + 1 == lines[i].size()) fail(where + " is no pair of tokens");
    std::pair<std::string, std::string> merge(lines[i].substr(0, blank), lines[i].substr(blank + 1));
    for (const std::string& part : {merge.first, merge.second, merge.first + merge.second}) {
      if (ids.count(part) == 0) fail(where + " needs '" + part + "', which is no token");
    }
    keys.merges.push_back(std::move(merge));
  }
}

void read_templates(const Metadata& metadata, TokenizerKeys& keys) {
  if (const std::string text = text_of(metadata, kTemplate); !text.empty())
    keys.chat_templates.emplace_back("default", text);
  for (const std::string& name : texts_of(metadata, "tokenizer.chat_templates")) {
    const std::string text = text_of(metadata, kTemplate + "." + name);
    if (!text.empty()) keys.chat_templates.emplace_back(name, text);
  }
}

}  // namespace

TokenizerKeys read_tokenizer_keys(const Metadata& metadata) {
  TokenizerKeys keys;
  keys.model = text_of(metadata, kPrefix + "model");
  keys.tokens = texts_of(metadata, kPrefix + "tokens");
  if (keys.model.empty() || keys.tokens.empty())
    throw Error(AR_NOT_FOUND,
                kPrefix + (keys.model.empty() ? "model" : "tokens") + " is missing, so it holds no tokenizer");
  const Ids ids = check_tokens(keys.tokens);
  keys.pre = text_of(metadata, kPrefix + "pre");
  keys.scores = numbers_of<float>(metadata, kPrefix + "scores", ValueType::kF32, "an array of 32-bit floats");
  if (!keys.scores.empty()) require_one_a_token(keys, "scores", keys.scores.size());
  keys.types = numbers_of<int32_t>(metadata, kPrefix + "token_type", ValueType::kI32, "an array of 32-bit integers");
  read_merges(metadata, ids, keys);
  read_ids(metadata, keys);
  if (keys.types.empty()) assume_types(keys);
  require_one_a_token(keys, "token_type", keys.types.size());
  keys.add_bos = flag_of(metadata, "add_bos_token");
  keys.add_eos = flag_of(metadata, "add_eos_token");
  keys.add_space_prefix = flag_of(metadata, "add_space_prefix");
  read_templates(metadata, keys);
  return keys;
}

}  // namespace ar::gguf
