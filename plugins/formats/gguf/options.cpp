#include "options.hpp"

#include "ar/cpp/error.hpp"
#include "common/config_json.hpp"

namespace ar::gguf {

Options read_options(const boost::json::object& plan) {
  Options options;
  const boost::json::object& given = formats::object_member(plan, "options");
  for (const auto& [name, value] : given) {
    if (name != "fallback")
      throw Error(AR_INVALID_ARGUMENT, "unknown option '" + std::string(name) + "': gguf takes fallback");
    const std::string_view text = formats::string_member(given, "fallback");
    if (text != "auto_round" && text != "llama.cpp")
      throw Error(AR_INVALID_ARGUMENT,
                  "option fallback is '" + std::string(text) + "'; accepted: auto_round, llama.cpp");
    if (text == "llama.cpp") options.fallback = Fallback::kLlamaCpp;
  }
  return options;
}

}  // namespace ar::gguf
