#include "core/quant/scheme_json.hpp"

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

namespace ar::quant {

boost::json::value group_size_json(const Scheme& scheme) {
  if (scheme.group_size_rows > 0) return boost::json::array{scheme.group_size_rows, scheme.group_size};
  return scheme.group_size;
}

boost::json::object scheme_json(const Scheme& s) {
  boost::json::object o{{"bits", s.bits}, {"group_size", group_size_json(s)}, {"sym", s.sym},
                        {"data_type", s.data_type}, {"act_bits", s.act_bits}, {"act_group_size", s.act_group_size},
                        {"act_sym", s.act_sym}, {"act_data_type", s.act_data_type}, {"act_dynamic", s.act_dynamic}};
  if (s.super_bits) o["super_bits"] = *s.super_bits;
  if (s.super_group_size) o["super_group_size"] = *s.super_group_size;
  return o;
}

}  // namespace ar::quant
