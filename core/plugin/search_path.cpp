#include "core/plugin/search_path.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "ar/build_tag.hpp"

namespace ar::plugin {
namespace fs = std::filesystem;
namespace {

Place folder(Place::Source source, const std::string& path) {
  Place place{source, Place::Outcome::kSearched, fs::absolute(path).lexically_normal().string(), ""};
  std::error_code error;
  const fs::directory_iterator probe(place.path, error);
  if (error == std::errc::no_such_file_or_directory) {
    place.outcome = Place::Outcome::kAbsent;
  } else if (error) {
    place.outcome = Place::Outcome::kUnreadable;
    place.detail = error.message();
  }
  return place;
}

void add_environment(const SearchOptions& options, std::vector<Place>& places) {
  constexpr auto source = Place::Source::kEnvironment;
  if (!options.defaults) return places.push_back({source, Place::Outcome::kSwitchedOff, "", ""});
  if (!options.env_path || options.env_path->empty()) {
    return places.push_back({source, Place::Outcome::kUnset, "", ""});
  }
  std::size_t begin = 0;
  while (begin <= options.env_path->size()) {
    const std::size_t end = std::min(options.env_path->find(':', begin), options.env_path->size());
    // An empty entry would mean the current folder, which is never searched.
    if (end > begin) places.push_back(folder(source, options.env_path->substr(begin, end - begin)));
    begin = end + 1;
  }
}

}  // namespace

SearchOptions default_search_options() {
  SearchOptions options;
  options.build_tag = AR_BUILD_TAG;
  if (const char* path = std::getenv("AR_PLUGIN_PATH")) options.env_path = path;
  std::error_code error;
  const fs::path executable = fs::read_symlink("/proc/self/exe", error);
  if (!error) {
    options.install_dir = (executable.parent_path().parent_path() / "lib/auto-round/plugins").string();
  }
  return options;
}

std::vector<Place> search_places(const SearchOptions& options) {
  std::vector<Place> places;
  for (const std::string& dir : options.dirs) places.push_back(folder(Place::Source::kOption, dir));
  add_environment(options, places);
  if (!options.defaults) {
    places.push_back({Place::Source::kInstall, Place::Outcome::kSwitchedOff, "", ""});
  } else if (options.install_dir.empty()) {
    places.push_back({Place::Source::kInstall, Place::Outcome::kUnset, "", ""});
  } else {
    places.push_back(folder(Place::Source::kInstall, options.install_dir));
  }
  places.push_back({Place::Source::kBuiltin, Place::Outcome::kSearched, "", ""});
  return places;
}

const char* source_name(Place::Source source) {
  switch (source) {
    case Place::Source::kOption: return "--plugin-dir";
    case Place::Source::kEnvironment: return "AR_PLUGIN_PATH";
    case Place::Source::kInstall: return "install folder";
    case Place::Source::kBuiltin: return "built in";
  }
  return "?";
}

const char* outcome_name(Place::Outcome outcome) {
  switch (outcome) {
    case Place::Outcome::kSearched: return "searched";
    case Place::Outcome::kUnset: return "unset";
    case Place::Outcome::kAbsent: return "absent";
    case Place::Outcome::kUnreadable: return "unreadable";
    case Place::Outcome::kSwitchedOff: return "switched off";
  }
  return "?";
}

std::string describe(const Place& place) {
  std::string text =
      place.path.empty() ? source_name(place.source) : place.path + " (" + source_name(place.source) + ")";
  text += std::string(": ") + outcome_name(place.outcome);
  return place.detail.empty() ? text : text + ", " + place.detail;
}

}  // namespace ar::plugin
