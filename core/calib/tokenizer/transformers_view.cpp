#include "core/calib/tokenizer/transformers_view.hpp"

#include <map>
#include <optional>
#include <string>

#include <boost/json.hpp>

#include "core/base/json.hpp"

namespace ar::calib {
namespace {

namespace fs = std::filesystem;
namespace js = boost::json;

/// The file's content, or an empty object where there is none.
js::value read_optional(const fs::path& file) {
  return fs::exists(file) ? base::parse_json_file(file) : js::value(js::object());
}

js::array& added_tokens(js::object& tokenizer) {
  auto& list = tokenizer["added_tokens"];
  return list.is_array() ? list.get_array() : list.emplace_array();
}

std::optional<js::value> find_id(js::object& tokenizer, std::string_view token) {
  for (const auto& item : added_tokens(tokenizer)) {
    const auto* object = item.if_object();
    const auto* content = object != nullptr ? object->if_contains("content") : nullptr;
    if (content != nullptr && *content == js::value(token) && object->contains("id")) return object->at("id");
  }
  const auto* model = tokenizer["model"].if_object();
  const auto* vocab = model != nullptr ? model->if_contains("vocab") : nullptr;
  const auto* id = vocab != nullptr && vocab->is_object() ? vocab->get_object().if_contains(token) : nullptr;
  return id != nullptr ? std::optional<js::value>(*id) : std::nullopt;
}

void add_tokens(js::object& tokenizer, const base::JsonCursor& config) {
  const auto list = config.find("added_tokens_decoder");
  if (!list) return;
  std::map<std::int64_t, js::value> missing;  // in the order of their ids
  for (const auto& member : list->as_object()) {
    const auto token = list->at(member.key());
    if (find_id(tokenizer, token.get_string("content"))) continue;
    const std::string id(member.key());
    missing.emplace(std::strtoll(id.c_str(), nullptr, 10), token.value());
  }
  for (auto& [id, token] : missing) added_tokens(tokenizer).push_back(std::move(token));
}

std::string token_text(const base::JsonCursor& config, const char* name) {
  const auto member = config.find(name);
  if (!member) return {};
  return member->is_object() ? member->get_string("content") : member->as_string();
}

/// `add_bos_token` or `add_eos_token`, once written down, replace the file's post-processor.
void set_bos_and_eos(js::object& tokenizer, const base::JsonCursor& config) {
  if (!config.find("add_bos_token") && !config.find("add_eos_token")) return;
  js::array single;
  js::object special_tokens;
  const auto add_special = [&](const char* flag, const char* name) {
    const auto token = token_text(config, name);
    const auto id = find_id(tokenizer, token);
    if (!config.get_bool(flag, false) || token.empty() || !id) return;
    single.push_back(js::object{{"SpecialToken", js::object{{"id", token}}}});
    special_tokens[token] = js::object{{"ids", js::array{*id}}};
  };
  add_special("add_bos_token", "bos_token");
  single.push_back(js::object{{"Sequence", js::object{{"id", "A"}}}});
  add_special("add_eos_token", "eos_token");
  tokenizer["post_processor"] =
      js::object{{"type", "TemplateProcessing"}, {"single", single}, {"special_tokens", special_tokens}};
}

bool has_type(const js::value& part, std::string_view type) {
  if (const auto* list = part.if_array()) {
    for (const auto& item : *list) {
      if (has_type(item, type)) return true;
    }
  }
  const auto* object = part.if_object();
  if (object == nullptr) return false;
  const auto* named = object->if_contains("type");
  if (named != nullptr && *named == js::value(type)) return true;
  for (const auto* nested : {"pretokenizers", "decoders"}) {
    if (const auto* list = object->if_contains(nested); list != nullptr && has_type(*list, type)) return true;
  }
  return false;
}

bool is_llama_class(js::object& tokenizer, const base::JsonCursor& config, const base::JsonCursor& model) {
  const auto name = config.get_string("tokenizer_class", "");
  const auto type = model.get_string("model_type", "llama");
  const bool byte_level =
      has_type(tokenizer["pre_tokenizer"], "ByteLevel") || has_type(tokenizer["decoder"], "ByteLevel");
  return (name == "LlamaTokenizer" || name == "LlamaTokenizerFast") && type == "llama" && !byte_level;
}

/// The class ignores the file's normalizer and splitter and knows no unknown token.
void rebuild_as_llama(js::object& tokenizer, const base::JsonCursor& config) {
  const bool prefix = config.get_bool("add_prefix_space", true);
  const char* scheme = !prefix ? "never" : config.get_bool("legacy", false) ? "always" : "first";
  tokenizer["normalizer"] = nullptr;
  tokenizer["pre_tokenizer"] =
      js::object{{"type", "Metaspace"}, {"replacement", "▁"}, {"prepend_scheme", scheme}, {"split", false}};
  js::array steps;
  steps.push_back(js::object{{"type", "Replace"}, {"pattern", js::object{{"String", "▁"}}}, {"content", " "}});
  steps.push_back(js::object{{"type", "ByteFallback"}});
  steps.push_back(js::object{{"type", "Fuse"}});
  if (prefix) steps.push_back(js::object{{"type", "Strip"}, {"content", " "}, {"start", 1}, {"stop", 0}});
  tokenizer["decoder"] = js::object{{"type", "Sequence"}, {"decoders", std::move(steps)}};
  if (auto* bpe = tokenizer["model"].if_object()) {
    (*bpe)["unk_token"] = nullptr;
    (*bpe)["fuse_unk"] = true;
    (*bpe)["byte_fallback"] = true;
    (*bpe)["ignore_merges"] = false;
  }
}

}  // namespace

void view_as_transformers(js::value& tokenizer, const fs::path& folder) {
  auto* object = tokenizer.if_object();
  if (object == nullptr) return;
  const auto config_file = folder / "tokenizer_config.json";
  const auto config_json = read_optional(config_file);
  const auto model_json = read_optional(folder / "config.json");
  const base::JsonCursor config(config_json, config_file.string());
  const base::JsonCursor model(model_json, (folder / "config.json").string());
  add_tokens(*object, config);
  set_bos_and_eos(*object, config);
  if (is_llama_class(*object, config, model)) rebuild_as_llama(*object, config);
}

}  // namespace ar::calib
