#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/plugin/catalog.hpp"
#include "core/plugin/registry.hpp"
#include "core/plugin/sidecar.hpp"

namespace ar::plugin {

/// One candidate and what has become of it.
class Slot {
 public:
  enum class Status { kUnopened, kOpen, kBroken };

  explicit Slot(Candidate candidate) : candidate_(std::move(candidate)) {}

  const Candidate& candidate() const { return candidate_; }
  Status status() const { return status_; }
  const std::string& reason() const { return reason_; }

  /// The file wants LibTorch, or the code is in another program: only the sidecar can tell about it.
  bool only_described(const SearchOptions& options) const;
  /// All checks of verify.hpp, in this process. Throws Rejection; the slot stays as it is.
  void try_open(const SearchOptions& options);
  /// The same, keeping the outcome. `crash` is what a child process told ("" = it survived).
  void open(const SearchOptions& options, const std::string& crash);

  /// Of an open plugin: Format, Device or Model.
  template <typename T>
  const T* as() const {
    return std::get_if<T>(&opened_);
  }
  const ar_plugin_desc* descriptor() const;
  /// From the descriptor, else from the sidecar when there is one.
  std::optional<Description> description() const;

 private:
  void compare_with_sidecar() const;

  Candidate candidate_;
  Status status_ = Status::kUnopened;
  std::string reason_;
  std::variant<std::monostate, Format, Device, Model> opened_;
};

}  // namespace ar::plugin
