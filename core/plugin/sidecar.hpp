#pragma once

#include <string>
#include <vector>

#include "ar/plugin.h"

namespace ar::plugin {

/// A descriptor by value. The build writes it beside a plugin that links LibTorch ("llama.model.json" for
/// "llama.model.so"), so that `list` can tell about it without opening it.
struct Description {
  ar_kind kind = 0;
  std::string id;
  std::vector<std::string> aliases;
  std::string title;
  std::string version;
  int32_t sdk_major = 0;
  int32_t sdk_minor = 0;
  std::string build_tag;
  std::vector<std::string> capabilities;
};

Description describe(const ar_plugin_desc& desc);
std::string to_json(const Description& description);
/// Fails with `where` and what is missing.
Description parse_sidecar(const std::string& json, const std::string& where);
/// Names of the fields that differ, separated by ", "; "" when equal.
std::string differences(const Description& a, const Description& b);

/// "/x/llama.model.so" to "/x/llama.model.json"
std::string sidecar_path(const std::string& plugin_path);

}  // namespace ar::plugin
