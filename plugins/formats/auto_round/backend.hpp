#pragma once

#include <string>

#include <boost/json/object.hpp>

#include "common/int_layers.hpp"
#include "common/scheme.hpp"

namespace ar::formats {

/// One of the layouts behind the name auto_round, by upstream's name of it.
struct Backend {
  const char* name;            // "auto_round:auto_gptq": names folders, and may be asked for
  const char* packing_format;  // what quantization_config says
  Family family;
  IntLayout integers = {};  // integer families only
};

/// Throws ar::Error with the reason when a layer of this scheme cannot be stored under the format name.
void check_scheme(const std::string& format, const Scheme& scheme);

/// The name of what a whole run writes: what the user named, or for plain "auto_round" the one upstream chooses
/// (formats.md 1.3). kFake where activations are quantized to integers. `plan`: ar/format.h, ar_format_api.
std::string resolve_name(const std::string& format, const boost::json::object& plan);

/// The layout of that name. Throws ar::Error naming the accepted ones.
const Backend& backend_of(const std::string& name);

/// The layout of a stored checkpoint by its packing_format, spelling variants included; null when it is none of these.
const Backend* stored_backend(const std::string& packing_format, Family family);

}  // namespace ar::formats
