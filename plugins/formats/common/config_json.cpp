#include "common/config_json.hpp"

#include <algorithm>
#include <vector>

#include <boost/json/parse.hpp>

#include "ar/cpp/error.hpp"
#include "common/python_json.hpp"

namespace ar::formats {
namespace {

namespace json = boost::json;

const json::value& member(const json::object& object, const char* key, json::kind kind, const char* kind_text) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr) throw Error(AR_INVALID_ARGUMENT, std::string("'") + key + "' is missing: must be " + kind_text);
  if (value->kind() != kind) throw Error(AR_INVALID_ARGUMENT, std::string("'") + key + "' must be " + kind_text);
  return *value;
}

json::value sorted(const json::value& value) {
  if (const json::array* array = value.if_array()) {
    json::array result;
    for (const json::value& item : *array) result.push_back(sorted(item));
    return result;
  }
  const json::object* object = value.if_object();
  if (object == nullptr) return value;
  std::vector<std::string_view> keys;
  for (const auto& pair : *object) keys.push_back(pair.key());
  std::sort(keys.begin(), keys.end());
  json::object result;
  for (const std::string_view key : keys) result[key] = sorted(object->at(key));
  return result;
}

/// Sets the element type under the names that are there; transformers 4 reads torch_dtype, 5 reads dtype.
void set_dtype(json::object& config, std::string_view dtype) {
  const bool older = config.contains("torch_dtype");
  if (older) config["torch_dtype"] = dtype;
  if (!older || config.contains("dtype")) config["dtype"] = dtype;
}

}  // namespace

json::object parse_object(std::string_view text, const std::string& what) {
  boost::system::error_code ec;
  json::value value = json::parse(text, ec);
  if (ec) throw Error(AR_INVALID_ARGUMENT, what + " is not JSON: " + ec.message());
  if (!value.is_object()) throw Error(AR_INVALID_ARGUMENT, what + " must be a JSON object");
  return std::move(value.get_object());
}

std::string_view string_member(const json::object& object, const char* key) {
  return member(object, key, json::kind::string, "a string").get_string();
}
const json::object& object_member(const json::object& object, const char* key) {
  return member(object, key, json::kind::object, "an object").get_object();
}
const json::array& array_member(const json::object& object, const char* key) {
  return member(object, key, json::kind::array, "a list").get_array();
}

std::string config_json(json::object config, std::string_view stored_dtype, const json::object& quantization,
                        std::string_view announced_dtype) {
  config.erase("quantization_config");
  set_dtype(config, stored_dtype);
  if (!quantization.empty()) config["quantization_config"] = quantization;
  if (announced_dtype.empty() || announced_dtype == stored_dtype) return python_json(config, true) + "\n";
  config = sorted(config).get_object();
  config["torch_dtype"] = announced_dtype;
  if (config.contains("dtype")) config["dtype"] = announced_dtype;
  return python_json(config, false);
}

std::string quantization_config_json(const json::object& quantization) { return python_json(quantization, false); }

}  // namespace ar::formats
