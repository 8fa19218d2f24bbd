#include <algorithm>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "core/base/error.hpp"
#include "core/model/layer_config.hpp"
#include "core/model/layer_entry.hpp"
#include "core/model/pattern.hpp"

namespace ar::model {
namespace {

using quant::Scheme;

constexpr int64_t kIntegerMultiple = 32;  // what the integer packings need of both dimensions

/// Entries by name in the order of their first insertion, as a Python dict.
class EntryMap {
 public:
  void set(const std::string& key, LayerEntry entry) {
    const auto [at, fresh] = index_.emplace(key, slots_.size());
    if (fresh) {
      slots_.emplace_back(key, std::move(entry));
    } else {
      slots_[at->second].second = std::move(entry);
    }
  }
  LayerEntry* find(const std::string& key) {
    const auto at = index_.find(key);
    return at == index_.end() ? nullptr : &slots_[at->second].second;
  }
  void erase(const std::string& key) {
    const auto at = index_.find(key);
    if (at == index_.end()) return;
    slots_[at->second].first.clear();
    index_.erase(at);
  }
  std::vector<std::string> keys() const {
    std::vector<std::string> out;
    for (const auto& [key, entry] : slots_) {
      if (!key.empty()) out.push_back(key);
    }
    return out;
  }

 private:
  std::vector<std::pair<std::string, LayerEntry>> slots_;  // an erased slot has an empty key
  std::unordered_map<std::string, size_t> index_;
};

std::vector<std::string> split_ignore_list(std::string_view text) {
  std::vector<std::string> items;
  std::string item;
  const auto finish = [&] {
    if (item.empty()) return;
    if (item.back() >= '0' && item.back() <= '9') item += '.';  // layers.1 is not layers.10
    items.push_back(std::move(item));
    item.clear();
  };
  for (const char c : text) {
    if (c == ',')
      finish();
    else if (c != ' ')
      item += c;
  }
  finish();
  return items;
}

/// Dimensions the packings of the model-wide scheme cannot hold (cli.md 5.5).
bool shape_fits(const LinearInfo& layer, const Scheme& global) {
  if (global.act_bits >= 16 && global.data_type.compare(0, 3, "int") == 0 && global.bits <= 8) {
    return layer.out % kIntegerMultiple == 0 && layer.in % kIntegerMultiple == 0;
  }
  const bool grouped_fp = global.data_type.compare(0, 5, "mx_fp") == 0 || global.data_type.compare(0, 5, "nv_fp") == 0;
  return !grouped_fp || global.group_size <= 0 || layer.in % global.group_size == 0;
}

class Resolver {
 public:
  Resolver(const std::vector<LinearInfo>& candidates, const Scheme& global, const LayerRequest& request)
      : candidates_(candidates), global_(global), request_(request) {
    for (const LinearInfo& c : candidates) names_.insert(c.name);
  }

  LayerPlan run() {
    read_user_entries();
    follow_recipe();
    find_unfit();
    read_ignore_list();
    expand_patterns();
    for (const std::string& name : unfit_) entries_.set(name, unfit_entry());
    settle_head();
    for (const LinearInfo& c : candidates_) plan_.layers.push_back(choose(c));
    write_extra_config();
    return std::move(plan_);
  }

 private:
  struct PatternEntry {
    std::string regex;
    Scheme scheme;
  };

  void read_user_entries() {
    for (const auto& member : parse_layer_config(request_.layer_config)) {
      const std::string name(member.key());
      if (name.empty()) base::refuse("--layer_config: a layer name is empty");
      entries_.set(name, read_layer_entry(name, member.value(), global_));
      by_user_.insert(name);
    }
  }

  /// Patterns come later and override these entries as they override exact names.
  void follow_recipe() {
    for (const LinearInfo& c : candidates_) {
      const bool wanted = c.in_block || (c.is_head && request_.quant_lm_head);
      if (!wanted || entries_.find(c.name) != nullptr) continue;
      const auto& rules = request_.recipe;
      const auto rule = std::find_if(rules.begin(), rules.end(), [&](const auto& r) { return r.fits(c.name); });
      if (rule != rules.end()) entries_.set(c.name, {quant::apply(global_, rule->fields), std::nullopt, false});
    }
  }

  LayerEntry unfit_entry() const {
    LayerEntry entry;
    entry.scheme = global_;
    entry.scheme.bits = 16;
    entry.scheme.data_type = "fp";
    if (global_.act_bits < 16) {
      entry.scheme.act_bits = 16;
      entry.scheme.act_data_type = "fp";
    }
    return entry;
  }

  void find_unfit() {
    for (const LinearInfo& c : candidates_) {
      if (shape_fits(c, global_)) continue;
      unfit_.insert(c.name);
      entries_.set(c.name, unfit_entry());
    }
    if (unfit_.empty()) return;
    const int64_t multiple = global_.data_type.compare(0, 3, "int") == 0 ? kIntegerMultiple : global_.group_size;
    unfit_reason_ = fmt::format("shape not divisible by {}", multiple);
    plan_.warnings.push_back(fmt::format("some layers are not quantized ({}): {}", unfit_reason_,
                                         compress_names({unfit_.begin(), unfit_.end()})));
  }

  void read_ignore_list() {
    if (!request_.predefined_ignore.empty()) {
      plan_.infos.push_back("Using predefined ignore_layers: " + compress_names(request_.predefined_ignore));
    }
    std::string text = request_.ignore_layers;
    for (const std::string& name : request_.predefined_ignore) text += ',' + name;
    const std::vector<std::string> raw = split_ignore_list(text);
    std::vector<std::string> all;
    for (const std::string& item : raw) {
      if (names_.count(item) != 0) {
        all.push_back(item);
        continue;
      }
      for (const LinearInfo& c : candidates_) {
        if (c.name.find(item) != std::string::npos) all.push_back(c.name);
      }
    }
    all.insert(all.end(), raw.begin(), raw.end());
    for (const std::string& name : all) {
      entries_.set(name, ignored_entry(global_));
      by_user_.insert(name);
    }
    if (!all.empty()) plan_.infos.push_back("Ignored layers: " + compress_names(all));
  }

  /// Every key that is no layer's full name is searched in all names; later ones overwrite earlier ones.
  void expand_patterns() {
    const std::unordered_set<std::string> others(request_.other_modules.begin(), request_.other_modules.end());
    for (const std::string& key : entries_.keys()) {
      if (names_.count(key) != 0) continue;
      const LayerEntry entry = *entries_.find(key);
      entries_.erase(key);
      if (others.count(key) != 0 && !entry.ignored) {
        plan_.warnings.push_back(fmt::format(
            "'{}' is in the model but is no layer that can be quantized; its --layer_config is ignored", key));
        continue;
      }
      const std::string regex = layer_regex(key);
      patterns_.push_back({regex, entry.scheme});
      if (!assign(regex, entry) && others.count(key) == 0) {
        plan_.warnings.push_back(fmt::format(
            "layer name or pattern '{}' matches no layer that can be quantized; check it, it is ignored for now", key));
      }
    }
  }

  /// Returns whether the pattern names anything at all, be it a weight that only the checkpoint has.
  bool assign(const std::string& regex, const LayerEntry& entry) {
    const Pattern pattern(regex, "--layer_config");
    bool found = false;
    for (const LinearInfo& c : candidates_) {
      if (!pattern.found_in(c.name)) continue;
      entries_.set(c.name, entry);
      by_user_.insert(c.name);
      found = true;
    }
    return found || std::any_of(request_.checkpoint_layers.begin(), request_.checkpoint_layers.end(),
                                [&](const std::string& name) { return pattern.found_in(name); });
  }

  void settle_head() {
    const auto head = std::find_if(candidates_.begin(), candidates_.end(), [](const auto& c) { return c.is_head; });
    if (head == candidates_.end()) {
      if (request_.quant_lm_head) plan_.warnings.emplace_back("quant_lm_head is ignored: the model has no output head");
      return;
    }
    const LayerEntry* entry = entries_.find(head->name);
    const bool named = entry != nullptr && entry->scheme.quantized();
    plan_.quant_lm_head = named || (request_.quant_lm_head && entry == nullptr);
    if ((named || request_.quant_lm_head) && request_.tied) {
      plan_.warnings.push_back(
          fmt::format("reset quant_lm_head to false: {} shares its weight with the embedding", head->name));
      plan_.quant_lm_head = false;
    }
    if (!plan_.quant_lm_head && named) entries_.erase(head->name);
    if (plan_.quant_lm_head && entry == nullptr) entries_.set(head->name, {global_, std::nullopt, false});
  }

  LayerChoice choose(const LinearInfo& c) {
    LayerChoice choice;
    choice.name = c.name;
    choice.scheme = global_;
    const LayerEntry* entry = entries_.find(c.name);
    if (entry != nullptr) {
      choice.scheme = entry->scheme;
      choice.scale_dtype = entry->scale_dtype;
    }
    choice.fixed_by_user = entry != nullptr && by_user_.count(c.name) != 0;
    choice.quantized = choice.scheme.quantized() && (c.in_block || entry != nullptr);
    if (!choice.quantized) choice.reason = reason(c, entry);
    return choice;
  }

  std::string reason(const LinearInfo& c, const LayerEntry* entry) const {
    if (unfit_.count(c.name) != 0) return unfit_reason_;
    if (entry != nullptr) return entry->ignored ? "ignored" : "16 bits in --layer_config";
    if (c.is_head) return request_.tied ? "output head, shares the embedding" : "output head, not asked for";
    return c.in_block ? "the scheme quantizes nothing" : "outside the blocks";
  }

  void write_extra_config() {
    std::unordered_map<std::string, const LinearInfo*> info;
    for (const LinearInfo& c : candidates_) info[c.name] = &c;
    for (const std::string& name : entries_.keys()) {
      const Scheme& scheme = entries_.find(name)->scheme;
      const bool in_block = info.at(name)->in_block;
      if (!in_block && !scheme.quantized()) continue;
      boost::json::object fields = in_block ? differing_fields(scheme, global_) : all_fields(scheme);
      if (!fields.empty()) plan_.extra_config[name] = std::move(fields);
    }
    for (const PatternEntry& p : patterns_) {
      boost::json::object fields = differing_fields(p.scheme, global_);
      if (fields.empty()) continue;
      plan_.regex_config[p.regex] = fields;
      plan_.extra_config[p.regex] = std::move(fields);
    }
  }

  const std::vector<LinearInfo>& candidates_;
  const Scheme& global_;
  const LayerRequest& request_;
  std::unordered_set<std::string> names_;
  std::unordered_set<std::string> by_user_;
  std::set<std::string> unfit_;
  std::string unfit_reason_;
  EntryMap entries_;
  std::vector<PatternEntry> patterns_;
  LayerPlan plan_;
};

}  // namespace

LayerPlan resolve_layers(const std::vector<LinearInfo>& candidates, const Scheme& global, const LayerRequest& request) {
  return Resolver(candidates, global, request).run();
}

}  // namespace ar::model
