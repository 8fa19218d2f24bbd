#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ar/plugin.h"

namespace ar::plugin {

/// A plugin that is part of the executable. `entry` is null in a program that only lists what another one contains;
/// then `sidecar` (sidecar.hpp) says what there is to say.
struct Builtin {
  ar_kind kind;
  const char* id;
  ar_plugin_entry_fn entry;
  const char* sidecar;
};

/// Where plugins are looked for. Defaults: nothing but what is set here.
struct SearchOptions {
  std::vector<std::string> dirs;        // --plugin-dir, left to right
  std::optional<std::string> env_path;  // AR_PLUGIN_PATH, entries separated by ':'
  std::string install_dir;              // "" = none
  bool defaults = true;                 // false: --no-default-plugins, env_path and install_dir are not searched
  std::vector<Builtin> builtins;        // linked in
  std::string build_tag;                // this program's; compared with that of plugins that link LibTorch
  bool torch_allowed = true;            // false: a file that needs LibTorch is described by its sidecar, never opened
};

/// The options of a program run: AR_PLUGIN_PATH, ../lib/auto-round/plugins beside the executable, this build's tag.
SearchOptions default_search_options();

/// A searched place and what came of it.
struct Place {
  enum class Source { kOption, kEnvironment, kInstall, kBuiltin };
  enum class Outcome { kSearched, kUnset, kAbsent, kUnreadable, kSwitchedOff };
  Source source;
  Outcome outcome;
  std::string path;    // absolute; "" for linked-in and unset places
  std::string detail;  // the system's text when unreadable
};

/// All places in search order. Nothing is opened; unreadable folders are found when they are scanned.
std::vector<Place> search_places(const SearchOptions& options);

/// "--plugin-dir", "AR_PLUGIN_PATH", "install folder", "built in"
const char* source_name(Place::Source source);
/// "searched", "unset", "absent", "unreadable", "switched off"
const char* outcome_name(Place::Outcome outcome);
/// "/a/b (--plugin-dir): absent"
std::string describe(const Place& place);

}  // namespace ar::plugin
