#pragma once

#include <string>

#include "core/plugin/registry.hpp"
#include "quirks.hpp"

namespace ar::conformance {

/// The plugin under test; set by main before the rules run.
struct Subject {
  std::string path;  // absolute
  ar_kind kind = 0;
  std::string id;
  Quirks quirks;
  std::string golden;         // formats: file of digests to compare with
  bool write_golden = false;  // write that file instead
  std::string checkpoint;     // models: a folder with config.json and weights
  std::string declarations = "{}";  // formats: what a model adapter declares for the sample layer, as JSON
  const ar_plugin_desc* desc = nullptr;
  const plugin::Format* format = nullptr;
  const plugin::Device* device = nullptr;
  const plugin::Model* model = nullptr;
};

Subject& subject();

/// Finds the file's kind and id and passes it through the loader. Throws base::Error with the loader's sentence.
void open_subject(const std::string& file);

/// A registry that sees the folder of one file only.
plugin::Registry& registry_of(const std::string& folder);

}  // namespace ar::conformance
