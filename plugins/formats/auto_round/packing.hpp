#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <boost/json/object.hpp>

#include "ar/scheme.h"

namespace ar::formats {

/// How the tensors of a layer are laid out, by upstream's names of its back ends.
enum class Packing {
  kPlain,      // "auto_round": GPTQ layout, zero points as they are
  kGptqV1,     // "auto_round:auto_gptq": GPTQ layout, zero points less one
  kGptqModel,  // "auto_round:gptqmodel": as kPlain, with g_idx
  kAwq,        // "auto_round:auto_awq"
};

const char* packing_name(Packing packing);
/// Reads a packing_format; also the spellings auto_round:gptq, auto_round:awq, and "auto" or "" for GPTQ v1.
std::optional<Packing> packing_of(std::string_view packing_format);

/// What must be known of a layer to lay it out.
struct IntLayout {
  int bits = 4;
  int64_t group_size = 128;  // as in the config: -1 is one group a row
  bool sym = true;

  int64_t group(int64_t in) const { return group_size > 0 ? group_size : in; }
  int64_t groups(int64_t in) const { return (in + group(in) - 1) / group(in); }
};

/// Throws ar::Error with the reason when a layer of this scheme cannot be stored under the format name.
void check_scheme(const std::string& format, const ar_scheme& scheme);

/// The packing of a whole run: what the user named, or for plain "auto_round" the one upstream chooses
/// (formats.md 1.3). `plan`: ar/format.h, ar_format_api.
Packing choose_packing(const std::string& format, const boost::json::object& plan);

}  // namespace ar::formats
