#include "core/engine/device_client.hpp"

#include <algorithm>
#include <cctype>
#include <optional>

#include <fmt/ranges.h>

#include "ar/device.h"
#include "core/base/error.hpp"
#include "core/engine/plugin_error.hpp"

namespace ar::engine {
namespace {

constexpr const char* kAccelerators[] = {"hpu", "cuda", "xpu", "mps"};  // upstream's order of detection

/// One item of the list: "cuda:1" is {"cuda", 1}, "cuda" is {"cuda", 0}, "1" and "auto" have no id.
struct Item {
  std::string id;
  int64_t index = 0;
};

bool is_number(const std::string& text) {
  return !text.empty() && text.size() < 7 &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
}

Item parse_item(const std::string& text, const std::string& device_map) {
  if (is_number(text)) return {"", std::stoll(text)};
  if (text == "auto") return {};
  const auto colon = text.find(':');
  const std::string id = text.substr(0, colon);
  const std::string index = colon == std::string::npos ? "0" : text.substr(colon + 1);
  const bool word =
      !id.empty() && std::all_of(id.begin(), id.end(), [](unsigned char c) { return std::isalpha(c) != 0; });
  if (word && id != "tp" && is_number(index)) return {id, std::stoll(index)};
  base::refuse(
      "--device_map {}: '{}' is not a device; accepted: an index, auto, cpu, or a device plugin with an index as "
      "cuda:0",
      device_map, text);
}

std::vector<Item> parse_items(const std::string& device_map) {
  std::string text = device_map;
  text.erase(std::remove_if(text.begin(), text.end(), [](unsigned char c) { return std::isspace(c) != 0; }),
             text.end());
  std::vector<Item> items;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    items.push_back(parse_item(text.substr(begin, end - begin), device_map));
    begin = end + 1;
  }
  return items;
}

/// The first accelerator whose plugin is there and usable.
std::optional<std::string> find_accelerator(plugin::Registry& registry) {
  const std::vector<std::string> ids = registry.ids(AR_KIND_DEVICE);
  for (const char* id : kAccelerators) {
    if (std::find(ids.begin(), ids.end(), id) == ids.end()) continue;
    const plugin::Device& device = registry.device(id);
    if (device.api.probe(nullptr) == AR_OK && device.api.count() > 0) return id;
  }
  return std::nullopt;
}

const plugin::Device& open_device(plugin::Registry& registry, const std::string& id, const std::string& device_map) {
  const std::vector<std::string> ids = registry.ids(AR_KIND_DEVICE);
  if (std::find(ids.begin(), ids.end(), id) == ids.end()) {
    base::refuse("--device_map {}: no device plugin '{}' is installed; there are: {}", device_map, id,
                 fmt::join(ids, ", "));
  }
  const plugin::Device& device = registry.device(id);
  ar_error err{};
  require_ok(device.api.probe(&err), err, device, "--device_map " + device_map, base::Exit::kUsage);
  return device;
}

DeviceChoice describe(const plugin::Device& device, int64_t index, const std::string& device_map) {
  const int32_t count = device.api.count();
  if (index >= count) {
    base::refuse("--device_map {}: {} has {} device{}, numbered from 0", device_map, device.desc->id, count,
                 count == 1 ? "" : "s");
  }
  ar_device_info info{};
  info.struct_size = sizeof info;
  ar_error err{};
  require_ok(device.api.describe(static_cast<int32_t>(index), &info, &err), err, device, "--device_map " + device_map);
  DeviceChoice choice;
  choice.plugin = &device;
  choice.index = static_cast<int32_t>(index);
  choice.device = info.device;
  choice.name = info.name;
  choice.note = info.note != nullptr ? info.note : "";
  choice.total_bytes = info.total_bytes;
  choice.free_bytes = info.free_bytes;
  for (const char* const* d = info.dtypes; d != nullptr && *d != nullptr; ++d) choice.dtypes.emplace_back(*d);
  return choice;
}

}  // namespace

DeviceChoice choose_device(plugin::Registry& registry, const std::string& device_map) {
  std::vector<Item> items = parse_items(device_map);
  const bool wants_any = std::any_of(items.begin(), items.end(), [](const Item& i) { return i.id.empty(); });
  const std::optional<std::string> accelerator = wants_any ? find_accelerator(registry) : std::nullopt;
  for (Item& item : items) {
    if (item.id.empty()) item.id = accelerator.value_or("cpu");
    if (item.id == "cpu") item.index = 0;  // an index counts accelerators
  }
  for (const Item& item : items) {
    if (item.id == items[0].id && item.index == items[0].index) continue;
    base::refuse("--device_map {}: a run computes on one device; name one of them", device_map);
  }
  return describe(open_device(registry, items[0].id, device_map), items[0].index, device_map);
}

void synchronize(const DeviceChoice& device) {
  ar_error err{};
  require_ok(device.plugin->api.synchronize(device.index, &err), err, *device.plugin, "device " + device.device);
}

void release_cache(const DeviceChoice& device) {
  ar_error err{};
  require_ok(device.plugin->api.release_cache(device.index, &err), err, *device.plugin, "device " + device.device);
}

}  // namespace ar::engine
