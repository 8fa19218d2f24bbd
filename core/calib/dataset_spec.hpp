#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ar::calib {

inline constexpr std::string_view kDefaultSystemPrompt = "You are a helpful assistant.";

/// One source of a --dataset text.
struct SourceSpec {
  std::string name;  // a file, or the name of a data set
  std::optional<std::int64_t> num;
  bool concat = false;
  bool apply_chat_template = false;
  std::string system_prompt{kDefaultSystemPrompt};  // empty: no system message
};

/// name[:key[=value]...][,name...]. Blanks count only inside '...' or "...", where separators are plain
/// characters too. Unknown keys mean nothing, as in upstream. Throws base::Error(kUsage).
std::vector<SourceSpec> parse_dataset_spec(std::string_view text);

}  // namespace ar::calib
