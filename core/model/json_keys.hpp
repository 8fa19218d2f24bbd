#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ar::model {

/// The first key that occurs twice in one object of a JSON text, at any depth; empty when there is none or the text is
/// no JSON. Parsers keep the last of two members, so a file that says two things about one tensor would pass.
std::optional<std::string> repeated_json_key(std::string_view text);

}  // namespace ar::model
