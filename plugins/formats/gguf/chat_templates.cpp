#include "chat_templates.hpp"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <vector>

#include "tokenizer_json.hpp"

namespace ar::gguf {
namespace {

namespace json = boost::json;

constexpr const char* kKey = "tokenizer.chat_template";
constexpr const char* kFolder = "additional_chat_templates";

std::string plain_name(std::string name) {
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return c >= 0x80U || std::isalnum(c) == 0; }, '_');
  return name;
}

/// chat_template.jinja alone, or a list of named ones with those of the folder.
json::value jinja_files(const SourceFiles& source) {
  const std::string text = source.text("chat_template.jinja");
  std::vector<std::string> more;
  const std::filesystem::path folder = std::filesystem::path(source.folder()) / kFolder;
  if (std::filesystem::is_directory(folder)) {
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      if (entry.path().extension() == ".jinja") more.push_back(entry.path().stem().string());
    }
  }
  if (more.empty()) return json::string(text);
  std::sort(more.begin(), more.end());
  json::array named{json::object{{"name", "default"}, {"template", text}}};
  for (const std::string& name : more)
    named.push_back(json::object{{"name", name}, {"template", source.text(std::string(kFolder) + "/" + name + ".jinja")}});
  return named;
}

json::value find_templates(const SourceFiles& source, const json::object& config) {
  if (const json::value* own = config.if_contains("chat_template")) return *own;
  if (source.has("chat_template.jinja")) return jinja_files(source);
  const json::object file = source.json("chat_template.json");
  const json::value* value = file.if_contains("chat_template");
  return value != nullptr ? *value : json::value();
}

void add_named(const json::array& templates, Metadata& metadata) {
  std::string standard;
  std::vector<std::string> names;
  for (const json::value& item : templates) {
    if (!item.is_object()) continue;
    const std::string name = plain_name(text_member(item.get_object(), "name"));
    const std::string text = text_member(item.get_object(), "template");
    if (name == "default") {
      standard = text;
    } else if (!name.empty()) {
      names.push_back(name);
      metadata.set(std::string(kKey) + "." + name, text);
    }
  }
  std::sort(names.begin(), names.end());
  metadata.set("tokenizer.chat_templates", to_array(names));
  metadata.set(kKey, standard);
}

}  // namespace

void add_chat_templates(const SourceFiles& source, const json::object& tokenizer_config, Metadata& metadata) {
  const json::value templates = find_templates(source, tokenizer_config);
  if (templates.is_string()) metadata.set(kKey, std::string(templates.get_string()));
  if (templates.is_array()) add_named(templates.get_array(), metadata);
}

}  // namespace ar::gguf
