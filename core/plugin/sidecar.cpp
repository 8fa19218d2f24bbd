#include "core/plugin/sidecar.hpp"

#include <cstring>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "core/base/json.hpp"
#include "core/plugin/registry.hpp"

namespace ar::plugin {
namespace json = boost::json;
namespace {

std::vector<std::string> strings(const char* const* list) {
  std::vector<std::string> values;
  for (; list != nullptr && *list != nullptr; ++list) values.emplace_back(*list);
  return values;
}

json::array to_array(const std::vector<std::string>& values) { return json::array(values.begin(), values.end()); }

std::vector<std::string> get_strings(const base::JsonCursor& object, const char* key) {
  const auto array = object.at(key);
  std::vector<std::string> values;
  for (std::size_t i = 0; i < array.size(); ++i) values.push_back(array.at(i).as_string());
  return values;
}

ar_kind parse_kind(const base::JsonCursor& kind) {
  const std::string name = kind.as_string();
  for (const ar_kind k : {AR_KIND_FORMAT, AR_KIND_DEVICE, AR_KIND_MODEL}) {
    if (name == kind_name(k)) return k;
  }
  kind.fail("is none of format, device, model");
}

}  // namespace

Description describe(const ar_plugin_desc& desc) {
  return {desc.kind,      desc.id,        strings(desc.aliases),     desc.title, desc.version, desc.sdk_major,
          desc.sdk_minor, desc.build_tag, strings(desc.capabilities)};
}

std::string to_json(const Description& d) {
  return json::serialize(json::object{{"kind", kind_name(d.kind)},
                                      {"id", d.id},
                                      {"aliases", to_array(d.aliases)},
                                      {"title", d.title},
                                      {"version", d.version},
                                      {"sdk_major", d.sdk_major},
                                      {"sdk_minor", d.sdk_minor},
                                      {"build_tag", d.build_tag},
                                      {"capabilities", to_array(d.capabilities)}}) +
         "\n";
}

Description parse_sidecar(const std::string& text, const std::string& where) {
  const json::value value = base::parse_json(text, where);
  const base::JsonCursor object(value, where);
  return {parse_kind(object.at("kind")),
          object.get_string("id"),
          get_strings(object, "aliases"),
          object.get_string("title"),
          object.get_string("version"),
          static_cast<int32_t>(object.get_int("sdk_major")),
          static_cast<int32_t>(object.get_int("sdk_minor")),
          object.get_string("build_tag"),
          get_strings(object, "capabilities")};
}

std::string differences(const Description& a, const Description& b) {
  const std::pair<const char*, bool> fields[] = {{"kind", a.kind == b.kind},
                                                 {"id", a.id == b.id},
                                                 {"aliases", a.aliases == b.aliases},
                                                 {"title", a.title == b.title},
                                                 {"version", a.version == b.version},
                                                 {"sdk", a.sdk_major == b.sdk_major && a.sdk_minor == b.sdk_minor},
                                                 {"build_tag", a.build_tag == b.build_tag},
                                                 {"capabilities", a.capabilities == b.capabilities}};
  std::string names;
  for (const auto& [name, equal] : fields) {
    if (!equal) names += std::string(names.empty() ? "" : ", ") + name;
  }
  return names;
}

std::string sidecar_path(const std::string& plugin_path) {
  return plugin_path.substr(0, plugin_path.size() - std::strlen(".so")) + ".json";
}

}  // namespace ar::plugin
