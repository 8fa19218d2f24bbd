#include "core/calib/chat_template.hpp"

#include <ctime>

#include <boost/json/array.hpp>

#include "core/base/error.hpp"
#include "core/calib/jinja/interpreter.hpp"

namespace ar::calib {
namespace {

const std::string& source_of(const TokenizerConfig& config) {
  if (config.chat_template.empty()) {
    base::refuse(
        "apply_chat_template: the tokenizer has no chat template in tokenizer_config.json or chat_template.jinja");
  }
  return config.chat_template;
}

std::tm local_time() {
  const std::time_t now = std::time(nullptr);
  std::tm out{};
  localtime_r(&now, &out);
  return out;
}

}  // namespace

struct ChatTemplate::Program {
  explicit Program(const TokenizerConfig& config) : code(source_of(config)), special_tokens(config.special_tokens) {}

  jinja::Template code;
  std::map<std::string, std::string> special_tokens;
};

ChatTemplate::ChatTemplate(const TokenizerConfig& config) : program_(std::make_unique<Program>(config)) {}
ChatTemplate::~ChatTemplate() = default;

std::string ChatTemplate::render(const std::vector<ChatMessage>& messages) const {
  boost::json::array list;
  for (const auto& message : messages) {
    list.push_back(boost::json::object{{"role", message.role}, {"content", message.content}});
  }
  boost::json::object variables{
      {"messages", std::move(list)}, {"tools", nullptr}, {"documents", nullptr}, {"add_generation_prompt", true}};
  for (const auto& [name, token] : program_->special_tokens) variables[name] = token;
  return program_->code.render(variables, local_time());
}

}  // namespace ar::calib
