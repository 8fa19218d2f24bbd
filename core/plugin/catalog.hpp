#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/plugin/search_path.hpp"

namespace ar::plugin {

/// A plugin known by name: a file that has not been looked into, or a linked-in one.
struct Candidate {
  ar_kind kind = 0;
  std::string id;
  std::size_t place = 0;           // index into places()
  std::string path;                // absolute; "" when linked in
  std::optional<Builtin> builtin;  // set when linked in
  std::optional<std::size_t> shadowed_by;

  std::string origin() const { return builtin ? "built in" : path; }
};

/// What the searched places hold, by file name alone: "<id>.<kind>.so". Other files are none of our business.
class Catalog {
 public:
  explicit Catalog(const SearchOptions& options);

  const std::vector<Place>& places() const { return places_; }
  /// In search order, by id within a place. The first of a kind and id shadows the later ones.
  const std::vector<Candidate>& candidates() const { return candidates_; }

 private:
  void scan(std::size_t place);
  void add_builtins(std::size_t place, const std::vector<Builtin>& builtins);
  void mark_shadowed();

  std::vector<Place> places_;
  std::vector<Candidate> candidates_;
};

/// Kind and id of a file name, or nothing when it is no plugin's.
std::optional<Candidate> parse_plugin_name(const std::string& file_name);

}  // namespace ar::plugin
