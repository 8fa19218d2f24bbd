#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <boost/json/value.hpp>

#include "ar/format.h"
#include "core/engine/staging_sink.hpp"
#include "core/plugin/registry.hpp"

namespace ar::engine {

/// A file that a format plugin holds open as an input model. Immutable; [any].
class SourceFile {
 public:
  SourceFile(const plugin::Format& plugin, const std::filesystem::path& path);
  ~SourceFile();
  SourceFile(const SourceFile&) = delete;
  SourceFile& operator=(const SourceFile&) = delete;

  const plugin::Format& plugin() const { return plugin_; }
  const std::filesystem::path& path() const { return path_; }
  /// What adapters' `import_file` understands (ar/model.h), as JSON text.
  const std::string& description() const { return description_; }
  /// The same, parsed.
  const boost::json::value& json() const { return json_; }
  /// What the file holds when that is no model by itself: "a vision tower"; "" for a model.
  std::string part() const;
  /// Refuses a file that is no model by itself.
  void require_model() const;
  /// `name` is for errors, `declared` the adapter's entry.
  void read(const std::string& name, const std::string& declared, const StagingSink& sink) const;
  /// Writes the tokenizer that lies in the file into a folder. A tokenizer that cannot be had is refused with the
  /// reason.
  void write_tokenizer(const std::filesystem::path& folder) const;

 private:
  const plugin::Format& plugin_;
  std::filesystem::path path_;
  ar_source* source_ = nullptr;
  std::string description_;
  boost::json::value json_;
};

/// The plugin that opens such files. Refuses a file that none opens.
const plugin::Format& source_plugin(plugin::Registry& registry, const std::filesystem::path& path);

}  // namespace ar::engine
