#include "core/plugin/verify.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "core/plugin/registry.hpp"

namespace ar::plugin {
namespace {

using Fields = std::map<std::string, std::string>;

/// "a=1;b=" to {a: 1, b: none}
Fields parse_tag(const std::string& tag) {
  Fields fields;
  std::size_t begin = 0;
  while (begin < tag.size()) {
    const std::size_t end = std::min(tag.find(';', begin), tag.size());
    const std::string field = tag.substr(begin, end - begin);
    const std::size_t equals = std::min(field.find('='), field.size());
    const std::string value = equals < field.size() ? field.substr(equals + 1) : "";
    fields[field.substr(0, equals)] = value.empty() ? "none" : value;
    begin = end + 1;
  }
  return fields;
}

std::string value_or_none(const Fields& fields, const std::string& key) {
  const auto it = fields.find(key);
  return it == fields.end() ? "none" : it->second;
}

void verify_sdk(const ar_plugin_desc& desc) {
  if (desc.sdk_major != AR_SDK_MAJOR) {
    throw Rejection(fmt::format("it is made for SDK {}.{}, this program has {}.{}: the major numbers must be equal",
                                desc.sdk_major, desc.sdk_minor, AR_SDK_MAJOR, AR_SDK_MINOR));
  }
  if (desc.sdk_minor > AR_SDK_MINOR) {
    throw Rejection(fmt::format("it is made for SDK {}.{}, this program has {}.{}: a newer program is needed",
                                desc.sdk_major, desc.sdk_minor, AR_SDK_MAJOR, AR_SDK_MINOR));
  }
}

void verify_shape(const ar_plugin_desc& desc) {
  constexpr std::size_t kSize10 = offsetof(ar_plugin_desc, api) + sizeof(void*);
  if (desc.struct_size < kSize10) {
    throw Rejection(fmt::format("its descriptor has {} bytes, SDK 1.0 has {}", desc.struct_size, kSize10));
  }
  const std::pair<const char*, const void*> fields[] = {
      {"id", desc.id}, {"title", desc.title}, {"version", desc.version}, {"build_tag", desc.build_tag}};
  for (const auto& [name, value] : fields) {
    if (value == nullptr) throw Rejection(fmt::format("its descriptor has no {}", name));
  }
}

void verify_name(const ar_plugin_desc& desc, const Expectation& expected) {
  if (desc.kind != expected.kind) {
    throw Rejection(fmt::format("its descriptor says it is a {}, its name says {}", kind_name(desc.kind),
                                kind_name(expected.kind)));
  }
  if (desc.id != expected.id) {
    throw Rejection(fmt::format("its descriptor has the id '{}', its name says '{}'", desc.id, expected.id));
  }
}

void verify_tag(const ar_plugin_desc& desc, const Expectation& expected) {
  const std::string tag = desc.build_tag;
  if (tag.empty()) {
    if (!expected.links_torch && expected.kind != AR_KIND_MODEL) return;
    throw Rejection("it carries no build tag, which a plugin with LibTorch needs");
  }
  if (const std::string text = differing_fields(tag, expected.build_tag); !text.empty()) {
    throw Rejection("it was built differently: " + text);
  }
}

struct Function {
  const char* name;
  std::size_t offset;
};

template <typename Api, std::size_t N>
Api complete(const void* table, const Function (&required)[N]) {
  if (table == nullptr) throw Rejection("its descriptor has no function table");
  std::size_t size = 0;
  std::memcpy(&size, table, sizeof(size));
  Api api{};
  std::memcpy(&api, table, std::min(size, sizeof(api)));
  for (const Function& f : required) {
    void* pointer = nullptr;
    if (f.offset + sizeof(pointer) <= size)
      std::memcpy(&pointer, reinterpret_cast<const char*>(&api) + f.offset, sizeof(pointer));
    if (pointer == nullptr) throw Rejection(fmt::format("it lacks the required function '{}'", f.name));
  }
  api.struct_size = sizeof(api);
  return api;
}

ar_status unsupported(ar_error* err, const char* what) {
  if (err != nullptr) {
    err->code = AR_UNSUPPORTED;
    std::snprintf(err->text, sizeof(err->text), "this plugin has no function '%s'", what);
  }
  return AR_UNSUPPORTED;
}

ar_status no_unpack(const ar_writer*, const ar_layer*, const ar_tensor*, size_t, const ar_sink*, ar_error* err) {
  return unsupported(err, "unpack");
}
int32_t owns_nothing(const char*) { return 0; }
ar_status no_read_layer(const char*, const ar_layer*, const ar_tensor*, size_t, const ar_sink*, ar_error* err) {
  return unsupported(err, "read_layer");
}
const void* no_extension(const char*) { return nullptr; }

}  // namespace

std::string differing_fields(const std::string& plugin_tag, const std::string& host_tag) {
  const Fields plugin = parse_tag(plugin_tag);
  const Fields host = parse_tag(host_tag);
  Fields all = plugin;
  all.insert(host.begin(), host.end());
  std::string text;
  for (const auto& [key, unused] : all) {
    const std::string theirs = value_or_none(plugin, key);
    const std::string ours = value_or_none(host, key);
    if (theirs != ours) text += fmt::format("{}{} {}, this program {}", text.empty() ? "" : "; ", key, theirs, ours);
  }
  return text;
}

void verify_descriptor(const ar_plugin_desc& desc, const Expectation& expected) {
  verify_sdk(desc);
  verify_shape(desc);
  verify_name(desc, expected);
  verify_tag(desc, expected);
}

ar_format_api complete_format(const void* table) {
  static constexpr Function kRequired[] = {
      {"check", offsetof(ar_format_api, check)}, {"resolve", offsetof(ar_format_api, resolve)},
      {"open", offsetof(ar_format_api, open)},   {"pack", offsetof(ar_format_api, pack)},
      {"add", offsetof(ar_format_api, add)},     {"finish", offsetof(ar_format_api, finish)},
      {"close", offsetof(ar_format_api, close)}};
  auto api = complete<ar_format_api>(table, kRequired);
  if (api.unpack == nullptr) api.unpack = no_unpack;
  if (api.owns == nullptr) api.owns = owns_nothing;
  if (api.read_layer == nullptr) api.read_layer = no_read_layer;
  return api;
}

ar_device_api complete_device(const void* table) {
  static constexpr Function kRequired[] = {{"count", offsetof(ar_device_api, count)},
                                           {"describe", offsetof(ar_device_api, describe)},
                                           {"probe", offsetof(ar_device_api, probe)},
                                           {"synchronize", offsetof(ar_device_api, synchronize)},
                                           {"release_cache", offsetof(ar_device_api, release_cache)}};
  auto api = complete<ar_device_api>(table, kRequired);
  if (api.extension == nullptr) api.extension = no_extension;
  return api;
}

ar_model_api complete_model(const void* table) {
  static constexpr Function kRequired[] = {{"match", offsetof(ar_model_api, match)},
                                           {"arch", offsetof(ar_model_api, arch)}};
  return complete<ar_model_api>(table, kRequired);
}

}  // namespace ar::plugin
