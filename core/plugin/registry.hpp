#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ar/device.h"
#include "ar/format.h"
#include "ar/model.h"
#include "ar/plugin.h"
#include "core/plugin/search_path.hpp"

namespace ar::plugin {

/// An opened and checked plugin. Lives as long as the process. `api` is a copy of the plugin's function table in which
/// absent optional functions answer AR_UNSUPPORTED, so every pointer may be called.
template <typename Api>
struct Opened {
  const ar_plugin_desc* desc;
  Api api;
  std::string origin;  // "built in" or the absolute path
};
using Format = Opened<ar_format_api>;
using Device = Opened<ar_device_api>;
using Model = Opened<ar_model_api>;

enum class State {
  kUsable,
  kBroken,     // `reason` says why
  kShadowed,   // an earlier place has the same kind and id; `reason` names it
  kDescribed,  // needs LibTorch, which this program does not load: told from the sidecar file, or by name alone
};

/// One line of `list`.
struct Row {
  ar_kind kind;
  std::string id;
  State state;
  std::string reason;
  std::string origin;  // "built in" or the absolute path
  std::vector<std::string> aliases;
  std::string title;
  std::string version;
  std::string sdk;  // "1.0"
  std::string build_tag;
  std::vector<std::string> capabilities;
};

/// Finds plugins by kind and id and opens them on first use. All functions [any]. Libraries stay open until the process
/// ends; make one registry per process with `make` and never destroy it.
class Registry {
 public:
  /// Scans file names; opens nothing. The object is never freed: a library must outlive everything it registered.
  static Registry& make(SearchOptions options);

  /// The plugin for a name: id or alias; for formats the one that knows most of it from the left, up to a colon.
  /// Throws Error(kPlugin) when that plugin is broken, Error(kUsage) when there is none of that name.
  const Format& format(std::string_view name);
  const Device& device(std::string_view name);
  const Model& model(std::string_view name);

  /// Every usable model adapter, sorted by id: for asking `match` when no id or alias equals the model_type.
  /// A broken one costs a warning.
  std::vector<const Model*> models();
  std::vector<const Format*> formats();

  /// Names of a kind known from file names alone; sorted, nothing is opened.
  std::vector<std::string> ids(ar_kind kind) const;

  /// Opens all of a kind and tells what there is; sorted by id, shadowed ones after the one that hides them.
  std::vector<Row> list(ar_kind kind);
  const std::vector<Place>& places() const;

 private:
  explicit Registry(SearchOptions options);
  ~Registry() = delete;
  class Impl;
  Impl* impl_;
};

/// "format", "device", "model"
const char* kind_name(ar_kind kind);

}  // namespace ar::plugin
