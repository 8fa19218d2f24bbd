#include <algorithm>

#include <fmt/ranges.h>
#include <boost/json/object.hpp>

#include "core/quant/boundary_scheme.hpp"
#include "core/quant/scheme_recipe.hpp"
#include "host/list_rows.hpp"
#include "host/table.hpp"

namespace ar::host {
namespace json = boost::json;
namespace {

/// A preset with a recipe needs a format that takes every scheme of it.
std::vector<std::string> formats_with(const std::vector<FormatEntry>& entries, const std::string& name,
                                      const quant::Scheme& scheme, const Accepts& accepts) {
  std::vector<quant::Scheme> all{scheme};
  for (const quant::RecipeRule& rule : quant::recipe(name)) all.push_back(quant::apply(scheme, rule.fields));
  std::vector<std::string> names;
  for (const FormatEntry& entry : entries) {
    if (!entry.reason.empty()) continue;  // not to be opened
    const bool takes_all = std::all_of(all.begin(), all.end(), [&](const quant::Scheme& s) {
      return accepts(entry.name, quant::boundary_scheme(s, name.c_str()));
    });
    if (takes_all) names.push_back(entry.name);
  }
  return names;
}

std::string group_text(std::int64_t size, std::int64_t rows) {
  return rows > 0 ? fmt::format("{}x{}", rows, size) : std::to_string(size);
}

}  // namespace

std::string scheme_table(const std::vector<FormatEntry>& entries, const Accepts& accepts) {
  Table table({"SCHEME", "BITS", "GROUP", "SYM", "TYPE", "ACT BITS", "ACT TYPE", "FORMATS"});
  for (const std::string& name : quant::preset_names()) {
    const quant::Scheme s = quant::preset(name);
    const bool act = s.act_bits < 16;
    const auto formats = formats_with(entries, name, s, accepts);
    table.add({name, std::to_string(s.bits), group_text(s.group_size, s.group_size_rows), s.sym ? "yes" : "no",
               s.data_type, std::to_string(s.act_bits), act ? s.act_data_type : "-",
               formats.empty() ? "-" : fmt::format("{}", fmt::join(formats, ", "))});
  }
  return table.text();
}

json::array scheme_json(const std::vector<FormatEntry>& entries, const Accepts& accepts) {
  json::array array;
  for (const std::string& name : quant::preset_names()) {
    const quant::Scheme s = quant::preset(name);
    const auto formats = formats_with(entries, name, s, accepts);
    array.push_back(
        json::object{{"name", name},
                     {"bits", s.bits},
                     {"group_size", s.group_size},
                     {"group_size_rows", s.group_size_rows},
                     {"sym", s.sym},
                     {"data_type", s.data_type},
                     {"act_bits", s.act_bits},
                     {"act_group_size", s.act_group_size},
                     {"act_sym", s.act_sym},
                     {"act_dynamic", s.act_dynamic},
                     {"act_data_type", s.act_data_type},
                     {"super_bits", s.super_bits ? json::value(*s.super_bits) : json::value()},
                     {"super_group_size", s.super_group_size ? json::value(*s.super_group_size) : json::value()},
                     {"formats", json::array(formats.begin(), formats.end())}});
  }
  return array;
}

}  // namespace ar::host
