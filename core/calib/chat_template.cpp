#include "core/calib/chat_template.hpp"

#include "core/base/error.hpp"

namespace ar::calib {
struct ChatTemplate::Program {};
ChatTemplate::ChatTemplate(const TokenizerConfig&) { base::refuse("chat templates: not yet"); }
ChatTemplate::~ChatTemplate() = default;
std::string ChatTemplate::render(const std::vector<ChatMessage>&) const { return {}; }
}  // namespace ar::calib
