#include "core/plugin/catalog.hpp"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <map>

#include "core/plugin/registry.hpp"

namespace ar::plugin {
namespace fs = std::filesystem;

std::optional<Candidate> parse_plugin_name(const std::string& file_name) {
  const std::size_t dot = file_name.find('.');
  if (dot == std::string::npos || dot == 0) return std::nullopt;
  const std::string id = file_name.substr(0, dot);
  const auto is_id_letter = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; };
  if (!std::all_of(id.begin(), id.end(), is_id_letter)) return std::nullopt;
  for (const ar_kind kind : {AR_KIND_FORMAT, AR_KIND_DEVICE, AR_KIND_MODEL}) {
    if (file_name.substr(dot) != std::string(".") + kind_name(kind) + ".so") continue;
    Candidate candidate;
    candidate.kind = kind;
    candidate.id = id;
    return candidate;
  }
  return std::nullopt;
}

Catalog::Catalog(const SearchOptions& options) : places_(search_places(options)) {
  for (std::size_t i = 0; i < places_.size(); ++i) {
    if (places_[i].source == Place::Source::kBuiltin) {
      add_builtins(i, options.builtins);
    } else if (places_[i].outcome == Place::Outcome::kSearched) {
      scan(i);
    }
  }
  mark_shadowed();
}

void Catalog::scan(std::size_t place) {
  std::vector<Candidate> found;
  std::error_code error;
  for (fs::directory_iterator it(places_[place].path, error), end; !error && it != end; it.increment(error)) {
    auto candidate = parse_plugin_name(it->path().filename().string());
    if (!candidate) continue;
    candidate->place = place;
    candidate->path = it->path().string();
    found.push_back(std::move(*candidate));
  }
  if (error) {
    places_[place].outcome = Place::Outcome::kUnreadable;
    places_[place].detail = error.message();
  }
  std::sort(found.begin(), found.end(), [](const Candidate& a, const Candidate& b) { return a.id < b.id; });
  std::move(found.begin(), found.end(), std::back_inserter(candidates_));
}

void Catalog::add_builtins(std::size_t place, const std::vector<Builtin>& builtins) {
  for (const Builtin& b : builtins) {
    Candidate candidate;
    candidate.kind = b.kind;
    candidate.id = b.id;
    candidate.place = place;
    candidate.builtin = b;
    candidates_.push_back(std::move(candidate));
  }
}

void Catalog::mark_shadowed() {
  std::map<std::pair<ar_kind, std::string>, std::size_t> first;
  for (std::size_t i = 0; i < candidates_.size(); ++i) {
    const auto [it, is_first] = first.emplace(std::make_pair(candidates_[i].kind, candidates_[i].id), i);
    if (!is_first) candidates_[i].shadowed_by = it->second;
  }
}

}  // namespace ar::plugin
