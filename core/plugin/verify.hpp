#pragma once

#include <stdexcept>
#include <string>

#include "ar/device.h"
#include "ar/format.h"
#include "ar/model.h"
#include "ar/plugin.h"

namespace ar::plugin {

/// Why a plugin is not accepted: one sentence without a full stop, to be read after its file name.
/// The checks, in this order:
///   1. the file opens                                    library.cpp
///   2. ar_plugin_entry exists and returns a descriptor   library.cpp
///   3. SDK major equal, minor not above the host's
///   4. kind and id agree with the file name
///   5. build tag equal, where LibTorch is linked
///   6. every required function is there
class Rejection : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct Expectation {
  ar_kind kind;
  std::string id;
  std::string build_tag;  // the host's
  bool links_torch;       // the file does, so it must carry a tag
};

/// Checks 3 to 5.
void verify_descriptor(const ar_plugin_desc& desc, const Expectation& expected);

/// Check 6: the plugin's table in the host's size. Fields beyond the plugin's struct_size are not read; absent optional
/// functions are replaced by ones that answer AR_UNSUPPORTED. Throws Rejection naming a missing required function.
ar_format_api complete_format(const void* table);
ar_device_api complete_device(const void* table);
ar_model_api complete_model(const void* table);

/// What differs between two build tags: "torch 2.6.0, this program 2.11.0; san none, this program address"; "" = equal.
std::string differing_fields(const std::string& plugin_tag, const std::string& host_tag);

}  // namespace ar::plugin
