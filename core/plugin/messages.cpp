#include "core/plugin/messages.hpp"

#include <string>

#include <fmt/ranges.h>

#include "core/plugin/registry.hpp"
#include "core/plugin/slot.hpp"
#include "core/plugin/suggest.hpp"

namespace ar::plugin {
namespace {

std::string describe_all(const std::vector<Place>& places, std::size_t except) {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < places.size(); ++i) {
    if (i != except) texts.push_back(describe(places[i]));
  }
  return fmt::format("{}", fmt::join(texts, "; "));
}

}  // namespace

base::Error unusable_error(std::string_view name, const Slot& slot, const std::vector<Place>& places) {
  const Candidate& c = slot.candidate();
  const std::string reason =
      slot.status() == Slot::Status::kBroken ? slot.reason() : "it needs LibTorch, which this program does not load";
  return {
      base::Exit::kPlugin,
      fmt::format("the {} '{}' cannot be used\n  plugin: {} ({})\n  reason: {}\n  also searched: {}", kind_name(c.kind),
                  name, c.origin(), source_name(places[c.place].source), reason, describe_all(places, c.place))};
}

base::Error unknown_error(ar_kind kind, std::string_view name, const std::vector<const Slot*>& known,
                          const std::vector<Place>& places) {
  std::vector<std::string> names;
  std::string broken;
  for (const Slot* slot : known) {
    const Candidate& c = slot->candidate();
    if (c.shadowed_by) continue;
    if (slot->status() == Slot::Status::kBroken) {
      broken += fmt::format("\n  unusable: {} ({})", c.origin(), slot->reason());
      continue;
    }
    names.push_back(c.id);
    if (const auto d = slot->description()) names.insert(names.end(), d->aliases.begin(), d->aliases.end());
  }
  const std::string nearest = nearest_name(name, names);
  const std::string hint = nearest.empty() ? "" : fmt::format("; did you mean '{}'?", nearest);
  const std::string there = names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "));
  return {base::Exit::kUsage, fmt::format("unknown {} '{}'{}\n  available: {}{}\n  searched: {}", kind_name(kind), name,
                                          hint, there, broken, describe_all(places, places.size()))};
}

}  // namespace ar::plugin
