#include "subject.hpp"

#include <filesystem>

#include "core/base/error.hpp"
#include "core/plugin/catalog.hpp"

namespace ar::conformance {

Subject& subject() {
  static Subject s;
  return s;
}

plugin::Registry& registry_of(const std::string& folder) {
  plugin::SearchOptions options = plugin::default_search_options();
  options.dirs = {folder};
  options.defaults = false;
  return plugin::Registry::make(options);
}

void open_subject(const std::string& file) {
  const std::filesystem::path path = std::filesystem::absolute(file).lexically_normal();
  const auto name = plugin::parse_plugin_name(path.filename().string());
  if (!name) {
    base::refuse(
        "{}: a plugin file is named <id>.format.so, <id>.device.so or <id>.model.so, with letters, digits and _ in id",
        path.string());
  }
  Subject& s = subject();
  s.path = path.string();
  s.kind = name->kind;
  s.id = name->id;
  plugin::Registry& registry = registry_of(path.parent_path().string());
  switch (s.kind) {
    case AR_KIND_FORMAT:
      s.format = &registry.format(s.id);
      s.desc = s.format->desc;
      break;
    case AR_KIND_DEVICE:
      s.device = &registry.device(s.id);
      s.desc = s.device->desc;
      break;
    default:
      s.model = &registry.model(s.id);
      s.desc = s.model->desc;
      break;
  }
}

}  // namespace ar::conformance
