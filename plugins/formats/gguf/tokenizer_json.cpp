#include "tokenizer_json.hpp"

#include <sstream>

#include "ar/cpp/error.hpp"

namespace ar::gguf {
namespace {

namespace json = boost::json;

constexpr const char* kWrittenBlank = "\xC4\xA0";  // U+0120

const json::object* object_member(const json::object& o, const char* key) {
  const json::value* value = o.if_contains(key);
  return value == nullptr ? nullptr : value->if_object();
}
const json::array* array_member(const json::object& o, const char* key) {
  const json::value* value = o.if_contains(key);
  return value == nullptr ? nullptr : value->if_array();
}

bool flag_member(const json::object& o, const char* key) {
  const json::value* value = o.if_contains(key);
  return value != nullptr && value->is_bool() && value->get_bool();
}

std::string without_blanks(const json::value& piece) {
  std::string text;
  for (const char c : piece.as_string()) c == ' ' ? text += kWrittenBlank : text += c;
  return text;
}

std::vector<std::string> merges_file(const SourceFiles& source) {
  std::vector<std::string> merges;
  std::istringstream lines(source.text("merges.txt"));
  bool first = true;
  for (std::string line; std::getline(lines, line); first = false) {
    if (first && !line.empty() && line[0] == '#') continue;
    std::istringstream words(line);
    std::string a, b, more;
    if (words >> a >> b && !(words >> more)) merges.push_back(a + " " + b);
  }
  return merges;
}

}  // namespace

std::string text_member(const json::object& o, const char* key) {
  const json::value* value = o.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::string token_text(const json::object& config, const std::string& key) {
  if (const json::object* entry = object_member(config, key.c_str())) return text_member(*entry, "content");
  return text_member(config, key.c_str());
}

std::vector<AddedToken> added_tokens(const json::object& tokenizer) {
  std::vector<AddedToken> tokens;
  const json::array* list = array_member(tokenizer, "added_tokens");
  if (list == nullptr) return tokens;
  for (const json::value& item : *list) {
    const json::object& o = item.as_object();
    tokens.push_back({o.at("id").as_int64(), text_member(o, "content"), flag_member(o, "special")});
  }
  return tokens;
}

std::vector<AddedToken> added_tokens_decoder(const json::object& config) {
  std::vector<AddedToken> tokens;
  const json::object* table = object_member(config, "added_tokens_decoder");
  if (table == nullptr) return tokens;
  for (const auto& [id, item] : *table) {
    const json::object& o = item.as_object();
    tokens.push_back({std::stoll(std::string(id)), text_member(o, "content"), flag_member(o, "special")});
  }
  return tokens;
}

int64_t added_token_id(const json::object& tokenizer, const std::string& text) {
  if (text.empty()) return -1;
  for (const AddedToken& token : added_tokens(tokenizer)) {
    if (token.text == text) return token.id;
  }
  return -1;
}

std::vector<std::pair<int64_t, std::string>> model_vocabulary(const json::object& tokenizer) {
  const json::object* model = object_member(tokenizer, "model");
  const json::object* table = model == nullptr ? nullptr : object_member(*model, "vocab");
  if (table == nullptr) throw Error(AR_INVALID_ARGUMENT, "tokenizer.json: model.vocab must be an object of ids");
  std::vector<std::pair<int64_t, std::string>> vocabulary;
  vocabulary.reserve(table->size());
  for (const auto& [text, id] : *table) vocabulary.emplace_back(id.as_int64(), std::string(text));
  return vocabulary;
}

std::vector<std::string> read_merges(const json::object& tokenizer, const SourceFiles& source) {
  const json::object* model = object_member(tokenizer, "model");
  const json::array* list = model == nullptr ? nullptr : array_member(*model, "merges");
  if (list == nullptr || list->empty()) return merges_file(source);
  std::vector<std::string> merges;
  merges.reserve(list->size());
  for (const json::value& merge : *list) {
    if (merge.is_string()) {
      merges.emplace_back(merge.get_string());
    } else {
      const json::array& pair = merge.as_array();
      merges.push_back(without_blanks(pair.at(0)) + " " + without_blanks(pair.at(1)));
    }
  }
  return merges;
}

std::vector<TemplateItem> template_items(const json::object& processor, const char* key) {
  std::vector<TemplateItem> items;
  const json::array* list = array_member(processor, key);
  if (list == nullptr) return items;
  for (const json::value& item : *list) {
    TemplateItem parsed;
    if (const json::object* o = item.if_object()) {
      if (const json::object* special = object_member(*o, "SpecialToken")) parsed.special = text_member(*special, "id");
      if (const json::object* sequence = object_member(*o, "Sequence")) parsed.sequence = text_member(*sequence, "id");
    }
    items.push_back(std::move(parsed));
  }
  return items;
}

}  // namespace ar::gguf
