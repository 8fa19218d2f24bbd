#pragma once

#include <string>
#include <vector>

namespace ar::host {

/// `auto-round tokenize --tokenizer DIR`: reads lines {"text", "special"} from stdin, writes lines {"ids", "decoded"}
/// in the same order; tokenizer.json counts as it stands. Returns the exit status; throws base::Error.
int cmd_tokenize(const std::vector<std::string>& args);

}  // namespace ar::host
