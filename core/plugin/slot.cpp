#include "core/plugin/slot.hpp"

#include <filesystem>

#include "core/base/error.hpp"
#include "core/base/json.hpp"
#include "core/base/log.hpp"
#include "core/plugin/elf.hpp"
#include "core/plugin/library.hpp"
#include "core/plugin/verify.hpp"

namespace ar::plugin {
namespace {

const ar_plugin_desc* load(const Candidate& candidate) {
  if (!candidate.builtin) return open_library(candidate.path);
  const std::string symbol = "ar_plugin_entry_" + candidate.id;
  return call_entry(candidate.builtin->entry, symbol.c_str());
}

std::optional<Description> read_sidecar(const Candidate& candidate) {
  if (candidate.builtin) {
    if (candidate.builtin->sidecar == nullptr) return std::nullopt;
    return parse_sidecar(candidate.builtin->sidecar, candidate.id);
  }
  const std::string path = sidecar_path(candidate.path);
  if (!std::filesystem::exists(path)) return std::nullopt;
  return parse_sidecar(base::read_text_file(path), path);
}

}  // namespace

bool Slot::only_described(const SearchOptions& options) const {
  if (candidate_.builtin) return candidate_.builtin->entry == nullptr;
  return !options.torch_allowed && needs_torch(candidate_.path);
}

void Slot::try_open(const SearchOptions& options) {
  const ar_plugin_desc* desc = load(candidate_);
  const bool links_torch = !candidate_.builtin && needs_torch(candidate_.path);
  verify_descriptor(*desc, {candidate_.kind, candidate_.id, options.build_tag, links_torch});
  switch (candidate_.kind) {
    case AR_KIND_FORMAT: opened_ = Format{desc, complete_format(desc->api), candidate_.origin()}; break;
    case AR_KIND_DEVICE: opened_ = Device{desc, complete_device(desc->api), candidate_.origin()}; break;
    default: opened_ = Model{desc, complete_model(desc->api), candidate_.origin()}; break;
  }
}

void Slot::open(const SearchOptions& options, const std::string& crash) {
  if (status_ != Status::kUnopened) return;
  status_ = Status::kBroken;
  reason_ = crash;
  if (!crash.empty()) return;
  try {
    try_open(options);
    status_ = Status::kOpen;
    if (!candidate_.builtin) compare_with_sidecar();
  } catch (const Rejection& e) {
    reason_ = e.what();
  }
}

const ar_plugin_desc* Slot::descriptor() const {
  if (const auto* format = as<Format>()) return format->desc;
  if (const auto* device = as<Device>()) return device->desc;
  if (const auto* model = as<Model>()) return model->desc;
  return nullptr;
}

std::optional<Description> Slot::description() const {
  if (const ar_plugin_desc* desc = descriptor()) return plugin::describe(*desc);
  if (status_ == Status::kBroken) return std::nullopt;
  try {
    return read_sidecar(candidate_);
  } catch (const base::Error& e) {
    base::warning_once("{}", e.what());
    return std::nullopt;
  }
}

void Slot::compare_with_sidecar() const {
  try {
    const auto sidecar = read_sidecar(candidate_);
    if (!sidecar) return;
    const std::string fields = differences(*sidecar, plugin::describe(*descriptor()));
    if (!fields.empty()) {
      base::warning("{} does not describe {}: {} differ; build or install the two together",
                    sidecar_path(candidate_.path), candidate_.path, fields);
    }
  } catch (const base::Error& e) {
    base::warning("{}", e.what());
  }
}

}  // namespace ar::plugin
