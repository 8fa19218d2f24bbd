#pragma once

#include <string>
#include <string_view>

#include <boost/json/object.hpp>

namespace ar::formats {

/// The plan or a quantization_config as an object. Throws ar::Error naming `what` and the position.
boost::json::object parse_object(std::string_view text, const std::string& what);

/// A member, or ar::Error naming it and the type expected.
std::string_view string_member(const boost::json::object& object, const char* key);
const boost::json::object& object_member(const boost::json::object& object, const char* key);
const boost::json::array& array_member(const boost::json::object& object, const char* key);

/// Text of config.json: the source's config with the element type of the stored tensors and `quantization` (left out
/// when empty). Keys sorted, newline at the end, as transformers writes it. `announced_dtype`: what readers are told
/// where it differs from the tensors ("" = the same). Upstream patches the file then: torch_dtype comes last and there
/// is no newline (formats.md 5.2).
std::string config_json(boost::json::object config, std::string_view stored_dtype,
                        const boost::json::object& quantization, std::string_view announced_dtype);

/// Text of quantization_config.json: keys in the given order, no newline at the end.
std::string quantization_config_json(const boost::json::object& quantization);

}  // namespace ar::formats
