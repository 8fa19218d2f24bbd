#include "common/int_folder.hpp"

#include "common/plan.hpp"

namespace ar::formats {

void IntFolder::check_format(const std::string& name, const IntLayout& layout, const std::string& format,
                             const ar_scheme& raw) {
  if (format != name) throw Error(AR_UNSUPPORTED, "format '" + format + "': accepted is " + name + ", without a colon");
  const Scheme scheme = scheme_of(raw);
  const Family kind = storable_family(format, scheme);
  if (kind != Family::kNone && kind != Family::kInt)
    throw Error(AR_UNSUPPORTED, "data_type '" + scheme.data_type + "' has no place in " + name + "; accepted: int");
  if (kind == Family::kInt && !scheme.quantizes_activations()) check_int_scheme(format, layout, scheme);
}

std::string IntFolder::resolve_plan(const std::string& name, const boost::json::object& plan) {
  refuse_mixed_families(plan, name);
  refuse_quantized_head(plan, name);
  refuse_states(plan, name);
  const Scheme scheme = planned_scheme(plan);
  return scheme.quantized() && scheme.quantizes_activations() ? kFake : name;
}

IntFolder::IntFolder(const char* name, const IntLayout& layout, const ar_host& host,
                     const std::string& plan_json, const ar_target& target)
    : FolderFormat(name, host, plan_json, target), name_(name), layout_(layout) {
  if (resolve_plan(name, plan()) != name)
    throw Error(AR_UNSUPPORTED, name_ + " has no place for quantized activations; use --format fake");
}

void IntFolder::pack(const LayerView& layer, const ar_sink& sink) const {
  require_quantized(layer);
  check_format(name_, layout_, name_, layer.scheme());
  pack_int_layer(host(), layout_, layer, sink);
}

void IntFolder::unpack(const LayerView& layer, const TensorList& stored, const ar_sink& sink) const {
  unpack_int_layer(layout_, scheme_of(layer.scheme()), layer.name(), stored, sink);
}

}  // namespace ar::formats
