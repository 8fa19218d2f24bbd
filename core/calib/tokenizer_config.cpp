#include "core/calib/tokenizer_config.hpp"

#include "core/base/error.hpp"
#include "core/base/json.hpp"

namespace ar::calib {
namespace {

namespace fs = std::filesystem;

constexpr double kLongestModel = 1e9;  // transformers writes 1e30 for "no limit"

/// "bos_token" and the like, each a string or an object with "content". The first file that has one counts.
void read_tokens(const base::JsonCursor& json, TokenizerConfig& config) {
  for (const auto* name :
       {"bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"}) {
    const auto member = json.find(name);
    if (!member) continue;
    config.special_tokens.emplace(name, member->is_object() ? member->get_string("content") : member->as_string());
  }
}

/// One template, or a list of named ones of which "default" counts.
std::string read_template(const base::JsonCursor& json) {
  if (!json.is_array()) return json.as_string();
  for (std::size_t i = 0; i < json.size(); ++i) {
    if (json.at(i).get_string("name") == "default") return json.at(i).get_string("template");
  }
  return {};
}

void read_main(const base::JsonCursor& json, TokenizerConfig& config) {
  read_tokens(json, config);
  const double length = json.get_double("model_max_length", 0);
  if (length >= 1 && length < kLongestModel) config.model_max_length = static_cast<std::int64_t>(length);
  config.truncate_left = json.get_string("truncation_side", "right") == "left";
  if (const auto source = json.find("chat_template")) config.chat_template = read_template(*source);
}

template <typename Read>
void read_if_there(const fs::path& file, Read read) {
  if (!fs::exists(file)) return;
  const auto value = base::parse_json_file(file);
  read(base::JsonCursor(value, file.string()));
}

}  // namespace

TokenizerConfig read_tokenizer_config(const fs::path& folder) {
  TokenizerConfig config;
  read_if_there(folder / "tokenizer_config.json", [&](const base::JsonCursor& json) { read_main(json, config); });
  read_if_there(folder / "special_tokens_map.json", [&](const base::JsonCursor& json) { read_tokens(json, config); });
  read_if_there(folder / "chat_template.json",
                [&](const base::JsonCursor& json) { config.chat_template = read_template(json.at("chat_template")); });
  const auto jinja = folder / "chat_template.jinja";
  if (fs::exists(jinja)) config.chat_template = base::read_text_file(jinja);
  return config;
}

void fail_without_tokenizer(const fs::path& folder) {
  for (const auto* other : {"tokenizer.model", "vocab.json", "vocab.txt", "tiktoken.model"}) {
    if (!fs::exists(folder / other)) continue;
    base::fail(
        "{}: has no tokenizer.json; {} alone is not supported. Save the tokenizer with transformers' "
        "AutoTokenizer(...).save_pretrained() to get one",
        folder.string(), other);
  }
  base::fail("{}: has no tokenizer.json", folder.string());
}

}  // namespace ar::calib
