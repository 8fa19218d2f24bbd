#pragma once

#include <memory>
#include <string>
#include <vector>

#include <boost/json/object.hpp>

#include "core/calib/tokenizer.hpp"

namespace ar::calib {

struct ChatMessage {
  std::string role;
  std::string content;
};

/// A tokenizer's chat template, rendered as transformers renders it. Const methods are thread-safe.
class ChatTemplate {
 public:
  /// base::Error(kUsage) when the tokenizer has none.
  explicit ChatTemplate(const TokenizerConfig& config);
  ~ChatTemplate();

  /// With a generation prompt: the text ends where the assistant's answer begins.
  std::string render(const std::vector<ChatMessage>& messages) const;

 private:
  struct Program;
  std::unique_ptr<Program> program_;
};

}  // namespace ar::calib
