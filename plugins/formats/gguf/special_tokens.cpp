#include "special_tokens.hpp"

#include <algorithm>
#include <map>
#include <vector>

#include "chat_templates.hpp"
#include "tokenizer_json.hpp"

namespace ar::gguf {
namespace {

namespace json = boost::json;

class SpecialTokens {
 public:
  explicit SpecialTokens(const SourceFiles& source)
      : tokenizer_(source.json("tokenizer.json")),
        config_(source.json("tokenizer_config.json")),
        has_config_(source.has("tokenizer_config.json")),
        model_(source.json("config.json")) {
    for (const std::string& kind : kinds_) names_[kind] = token_text(config_, kind + "_token");
    if (!tokenizer_.empty()) read_post_processor();
    read_flags();
  }

  void write_ids(int64_t n_vocab, Metadata& metadata) const {
    std::map<std::string, bool> done;
    const auto add = [&](const std::string& kind, int64_t id) {
      if (id < 0 || done[kind] || kind == "cls") return;  // nobody reads a cls id
      if (n_vocab > 0 && id >= n_vocab) return;
      done[kind] = true;
      metadata.set(special_token_key(kind), static_cast<uint32_t>(id));
    };
    if (has_config_) {
      for (const std::string& kind : kinds_) add(kind, added_token_id(tokenizer_, names_.at(kind)));
    }
    for (const std::string& kind : kinds_) {
      const json::value* id = model_.if_contains(kind + "_token_id");
      if (id != nullptr && id->is_int64()) add(kind, id->get_int64());
    }
  }

  void write_flags(Metadata& metadata) const {
    for (const auto& [kind, value] : flags_) {
      if (kind == "bos" || kind == "eos" || kind == "sep") metadata.set("tokenizer.ggml.add_" + kind + "_token", value);
    }
  }

  const json::object& tokenizer() const { return tokenizer_; }
  const json::object& config() const { return config_; }

 private:
  void set_flag(const std::string& kind, bool value) {
    for (auto& [name, flag] : flags_) {
      if (name == kind) {
        flag = value;
        return;
      }
    }
    flags_.emplace_back(kind, value);
  }
  bool has_flag(const std::string& kind) const {
    return std::any_of(flags_.begin(), flags_.end(), [&](const auto& f) { return f.first == kind; });
  }

  void read_post_processor() {
    if (names_["bos"].empty()) names_["bos"] = names_["cls"];
    if (names_["eos"].empty()) names_["eos"] = names_["sep"];
    const json::value* post = tokenizer_.if_contains("post_processor");
    if (post == nullptr || !post->is_object()) return;
    const json::value* several = post->get_object().if_contains("processors");
    if (several == nullptr || !several->is_array()) {
      read_processor(post->get_object());
      return;
    }
    for (const json::value& processor : several->get_array()) {
      if (processor.is_object()) read_processor(processor.get_object());
    }
  }

  void read_processor(const json::object& processor) {
    const std::string type = text_member(processor, "type");
    if (type == "ByteLevel") {
      for (const char* kind : {"bos", "eos"}) {
        if (!has_flag(kind)) set_flag(kind, false);
      }
    } else if (type == "RobertaProcessing") {
      for (const char* kind : {"bos", "eos", "sep"}) set_flag(kind, true);
    } else if (type == "TemplateProcessing") {
      read_template(template_items(processor, "single"), template_items(processor, "pair"));
    }
  }

  /// Which special tokens stand before, behind and between texts. Simple templates only, as llama.cpp reads them.
  void read_template(const std::vector<TemplateItem>& single, std::vector<TemplateItem> pair) {
    const bool framed = single.size() > 1;
    const std::string first = framed ? single.front().special : "";
    const std::string last = framed ? single.back().special : "";
    if (!first.empty()) {
      if (!has_config_ || names_["bos"].empty()) names_["bos"] = first;
      if (has_config_ && names_["cls"].empty() && first != names_["bos"]) names_["cls"] = first;
      set_flag("bos", first == names_["bos"] || first == names_["cls"]);
    }
    if (!last.empty()) {
      if (has_config_ && last != names_["eos"]) keep_replaced_end();
      names_["eos"] = last;
      set_flag("eos", true);
    }
    if (!pair.empty() && !first.empty() && pair.front().special == first) pair.erase(pair.begin());
    if (!pair.empty() && !last.empty() && pair.back().special == last) pair.pop_back();
    if (pair.size() < 3 || pair.front().sequence != "A" || pair.back().sequence != "B") return;
    bool separated = last.empty() && separates(pair[1].special);
    if (pair.size() == 4) separated = separated || separates(pair[2].special);
    set_flag("sep", separated);
    if (separated && names_["sep"].empty()) names_["sep"] = names_["eos"];
  }

  bool separates(const std::string& token) {
    return !token.empty() && (token == names_["sep"] || token == names_["eos"]);
  }

  /// The end token of the configuration when the template ends with another one.
  void keep_replaced_end() {
    for (const char* kind : {"eot", "eom"}) {
      if (names_.count(kind) != 0) continue;
      names_[kind] = names_["eos"];
      kinds_.emplace_back(kind);
      return;
    }
  }

  void read_flags() {
    for (const std::string& kind : kinds_) {
      const json::value* value = config_.if_contains("add_" + kind + "_token");
      if (value != nullptr && value->is_bool() && !has_flag(kind)) set_flag(kind, value->get_bool());
    }
  }

  json::object tokenizer_;
  json::object config_;
  bool has_config_;
  json::object model_;
  std::vector<std::string> kinds_{"bos", "eos", "unk", "sep", "pad", "cls", "mask"};
  std::map<std::string, std::string> names_;
  std::vector<std::pair<std::string, bool>> flags_;
};

}  // namespace

std::string special_token_key(const std::string& kind) {
  static const std::map<std::string, std::string> kSpelled{
      {"unk", "unknown"}, {"sep", "seperator"}, {"pad", "padding"}};  // "seperator": as every reader spells it
  const auto it = kSpelled.find(kind);
  return "tokenizer.ggml." + (it != kSpelled.end() ? it->second : kind) + "_token_id";
}

void add_special_tokens(const SourceFiles& source, const SpecialTokenOptions& options, Metadata& metadata) {
  const SpecialTokens tokens(source);
  if (options.merges) metadata.set("tokenizer.ggml.merges", to_array(read_merges(tokens.tokenizer(), source)));
  tokens.write_ids(options.n_vocab, metadata);
  tokens.write_flags(metadata);
  add_chat_templates(source, tokens.config(), metadata);
}

}  // namespace ar::gguf
