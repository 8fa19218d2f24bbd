#pragma once

#include <cstdint>
#include <string>

#include <boost/json/object.hpp>

#include "ar/host.h"
#include "ar/scheme.h"

namespace ar::formats {

/// The kinds of planes there are (ar/format.h, ar_layer).
enum class Family { kNone, kInt, kMxFp, kMxInt, kNvFp, kNvFp4V2, kFp, kTwoLevel, kUnknown };

/// A scheme that owns its strings: what an ar_scheme, an entry of a plan or a quantization_config says.
struct Scheme {
  int bits = 16;
  int64_t group_size = -1;      // > 0 columns, -1 one group a row, 0 one group a tensor
  int64_t group_size_rows = 0;  // > 0: blocks of rows x group_size
  bool sym = true;
  std::string data_type = "int";
  int act_bits = 16;
  int64_t act_group_size = 0;
  bool act_sym = true;
  bool act_dynamic = true;
  std::string act_data_type;
  int super_bits = 0;  // 0 = none

  bool quantized() const { return bits < 16; }
  bool quantizes_activations() const { return act_bits < 16; }
  /// Columns that share a scale, of a row of `in`.
  int64_t group(int64_t in) const { return group_size > 0 ? group_size : in; }
  int64_t groups(int64_t in) const { return in / group(in) + (in % group(in) != 0 ? 1 : 0); }
};

Scheme scheme_of(const ar_scheme& scheme);
/// Lays the members of an entry over `base`; absent ones and null keep its value. Throws ar::Error naming `where`, the
/// member and its value when it makes no sense.
Scheme scheme_of(const boost::json::object& entry, const Scheme& base, const std::string& where);

Family family(const Scheme& scheme);
/// Throws ar::Error naming the types there are, and for layers of two-level types.
Family storable_family(const std::string& format, const Scheme& scheme);

/// The planes "scheme" or "scheme_json" of ar_format_api.read_layer.
void write_scheme(const ar_sink& sink, const Scheme& scheme);

}  // namespace ar::formats
