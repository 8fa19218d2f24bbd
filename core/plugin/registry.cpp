#include "core/plugin/registry.hpp"

#include <algorithm>
#include <deque>
#include <mutex>
#include <set>

#include "core/base/log.hpp"
#include "core/plugin/messages.hpp"
#include "core/plugin/probe.hpp"
#include "core/plugin/slot.hpp"
#include "core/plugin/verify.hpp"

namespace ar::plugin {
namespace {

std::string_view before_colon(std::string_view name) { return name.substr(0, name.find(':')); }

bool has_alias(const Slot& slot, std::string_view name) {
  const auto description = slot.description();
  if (!description) return false;
  const auto& aliases = description->aliases;
  return std::find(aliases.begin(), aliases.end(), name) != aliases.end();
}

}  // namespace

class Registry::Impl {
 public:
  explicit Impl(SearchOptions options) : options_(std::move(options)), catalog_(options_) {
    for (const Candidate& c : catalog_.candidates()) slots_.emplace_back(c);
  }

  template <typename T>
  const T& require(ar_kind kind, std::string_view name) {
    const std::lock_guard<std::mutex> lock(mutex_);
    Slot& slot = find(kind, name);
    open({&slot});
    if (const T* opened = slot.as<T>()) return *opened;
    throw unusable_error(name, slot, catalog_.places());
  }

  template <typename T>
  std::vector<const T*> usable(ar_kind kind) {
    const std::lock_guard<std::mutex> lock(mutex_);
    open_rest(kind);
    std::vector<const T*> all;
    for (const Slot* slot : sorted(kind)) {
      if (const T* opened = slot->as<T>()) all.push_back(opened);
    }
    return all;
  }

  std::vector<std::string> ids(ar_kind kind) const {
    std::set<std::string> ids;
    for (const Candidate& c : catalog_.candidates()) {
      if (c.kind == kind) ids.insert(c.id);
    }
    return {ids.begin(), ids.end()};
  }

  std::vector<Row> list(ar_kind kind) {
    const std::lock_guard<std::mutex> lock(mutex_);
    open(openable(kind));
    std::vector<Row> rows;
    for (const Slot* slot : sorted(kind)) rows.push_back(row(*slot));
    return rows;
  }

  const std::vector<Place>& places() const { return catalog_.places(); }

 private:
  /// A format is known by its longest name: "a:b" may be an alias of another plugin than `a`.
  Slot& find(ar_kind kind, std::string_view name) {
    const std::string_view id = kind == AR_KIND_FORMAT ? before_colon(name) : name;
    Slot* by_id = find_id(kind, id);
    if (by_id != nullptr && id == name) return *by_id;
    if (by_id != nullptr) open({by_id});
    if (by_id != nullptr && has_alias(*by_id, name)) return *by_id;
    open_rest(kind);
    for (std::string_view part = name;; part = part.substr(0, part.rfind(':'))) {
      if (Slot* slot = find_alias(kind, part)) return *slot;
      if (part == id) break;
    }
    if (by_id != nullptr) return *by_id;
    std::vector<const Slot*> known;
    for (const Slot* slot : sorted(kind)) known.push_back(slot);
    throw unknown_error(kind, name, known, catalog_.places());
  }

  Slot* find_id(ar_kind kind, std::string_view id) {
    for (Slot& slot : slots_) {
      if (slot.candidate().kind == kind && slot.candidate().id == id) return &slot;
    }
    return nullptr;
  }

  Slot* find_alias(ar_kind kind, std::string_view name) {
    for (Slot& slot : slots_) {
      if (slot.candidate().kind == kind && !slot.candidate().shadowed_by && has_alias(slot, name)) return &slot;
    }
    return nullptr;
  }

  std::vector<Slot*> openable(ar_kind kind) {
    std::vector<Slot*> some;
    for (Slot& slot : slots_) {
      const Candidate& c = slot.candidate();
      if (c.kind == kind && !c.shadowed_by && !slot.only_described(options_)) some.push_back(&slot);
    }
    return some;
  }

  /// Opens what is not open yet; files go through a child process first, all in one.
  void open(const std::vector<Slot*>& wanted) {
    std::vector<Slot*> files;
    for (Slot* slot : wanted) {
      if (slot->status() != Slot::Status::kUnopened || slot->only_described(options_)) continue;
      if (slot->candidate().builtin) {
        slot->open(options_, "");
      } else {
        files.push_back(slot);
      }
    }
    const auto crashes = try_in_child(files.size(), [&](std::size_t i) { files[i]->try_open(options_); });
    for (std::size_t i = 0; i < files.size(); ++i) files[i]->open(options_, crashes[i]);
  }

  /// For names: nobody asked for these, so a broken one costs a warning.
  void open_rest(ar_kind kind) {
    std::vector<Slot*> fresh;
    for (Slot* slot : openable(kind)) {
      if (slot->status() == Slot::Status::kUnopened) fresh.push_back(slot);
    }
    open(fresh);
    for (const Slot* slot : fresh) {
      if (slot->status() != Slot::Status::kBroken) continue;
      base::warning("the plugin {} is left out: {}", slot->candidate().origin(), slot->reason());
    }
  }

  std::vector<const Slot*> sorted(ar_kind kind) const {
    std::vector<const Slot*> some;
    for (const Slot& slot : slots_) {
      if (slot.candidate().kind == kind) some.push_back(&slot);
    }
    std::stable_sort(some.begin(), some.end(),
                     [](const Slot* a, const Slot* b) { return a->candidate().id < b->candidate().id; });
    return some;
  }

  Row row(const Slot& slot) const {
    const Candidate& c = slot.candidate();
    Row r{c.kind, c.id, State::kUsable, slot.reason(), c.origin(), {}, "", "", "", "", {}};
    if (c.shadowed_by) {
      r.state = State::kShadowed;
      r.reason = "hidden by " + slots_[*c.shadowed_by].candidate().origin();
      return r;
    }
    if (slot.status() == Slot::Status::kBroken) r.state = State::kBroken;
    if (slot.status() == Slot::Status::kUnopened) r.state = State::kDescribed;
    const auto d = slot.description();
    if (!d) {
      if (r.state == State::kDescribed) r.reason = "it needs LibTorch and has no sidecar file; only its name is known";
      return r;
    }
    r.aliases = d->aliases;
    r.title = d->title;
    r.version = d->version;
    r.sdk = std::to_string(d->sdk_major) + "." + std::to_string(d->sdk_minor);
    r.build_tag = d->build_tag;
    r.capabilities = d->capabilities;
    if (r.state == State::kDescribed) judge_sidecar(*d, r);
    return r;
  }

  void judge_sidecar(const Description& d, Row& r) const {
    if (d.kind != r.kind || d.id != r.id) {
      r.state = State::kBroken;
      r.reason = "its sidecar file describes " + std::string(kind_name(d.kind)) + " '" + d.id + "'";
    } else if (const std::string text = differing_fields(d.build_tag, options_.build_tag); !text.empty()) {
      r.state = State::kBroken;
      r.reason = "it was built differently: " + text;
    }
  }

  SearchOptions options_;
  Catalog catalog_;
  std::deque<Slot> slots_;  // in search order; addresses stay
  std::mutex mutex_;
};

Registry::Registry(SearchOptions options) : impl_(new Impl(std::move(options))) {}

Registry& Registry::make(SearchOptions options) {
  static std::mutex mutex;
  static auto& all = *new std::vector<Registry*>;  // keeps them reachable
  auto* registry = new Registry(std::move(options));
  const std::lock_guard<std::mutex> lock(mutex);
  all.push_back(registry);
  return *registry;
}

const Format& Registry::format(std::string_view name) { return impl_->require<Format>(AR_KIND_FORMAT, name); }
const Device& Registry::device(std::string_view name) { return impl_->require<Device>(AR_KIND_DEVICE, name); }
const Model& Registry::model(std::string_view name) { return impl_->require<Model>(AR_KIND_MODEL, name); }
std::vector<const Model*> Registry::models() { return impl_->usable<Model>(AR_KIND_MODEL); }
std::vector<const Format*> Registry::formats() { return impl_->usable<Format>(AR_KIND_FORMAT); }
std::vector<std::string> Registry::ids(ar_kind kind) const { return impl_->ids(kind); }
std::vector<Row> Registry::list(ar_kind kind) { return impl_->list(kind); }
const std::vector<Place>& Registry::places() const { return impl_->places(); }

const char* kind_name(ar_kind kind) {
  switch (kind) {
    case AR_KIND_FORMAT: return "format";
    case AR_KIND_DEVICE: return "device";
    case AR_KIND_MODEL: return "model";
    default: return "unknown kind";
  }
}

}  // namespace ar::plugin
