// The same idea with the C++ wrapper: stores what was decided about each layer, and no tensor.
#include <string>

#include "ar/c/helpers.h"
#include "ar/cpp/format_plugin.hpp"

namespace {

class JsonFormat {
 public:
  static void check(const std::string& format, const ar_scheme&) {
    if (format != "json_format") {
      throw ar::Error(AR_UNSUPPORTED, "format '" + format + "': accepted is json_format, without a colon");
    }
  }
  static std::string resolve(const std::string& format, const std::string&) { return format; }

  JsonFormat(const ar_host&, const std::string& plan_json, const ar_target& target) : target_(&target) {
    ar_error err{};
    ar::require_ok(ar_refuse_options(plan_json.c_str(), &err), err, "open");
    std::size_t length = 0;
    const char* layers = ar_json_member(plan_json.c_str(), "layers", &length);
    if (layers == nullptr) throw ar::Error(AR_INVALID_ARGUMENT, "the plan has no 'layers'");
    layers_.assign(layers, length);
  }

  void pack(const ar::LayerView&, const ar_sink&) const {}
  void add(const ar::TensorView&) {}
  void finish() { ar::write_file(*target_, "layers.json", layers_ + "\n"); }

 private:
  const ar_target* target_;
  std::string layers_;
};

constexpr const char* kCapabilities[] = {"*", nullptr};
constexpr ar_plugin_desc kDesc = {sizeof(ar_plugin_desc),
                                  AR_SDK_MAJOR,
                                  AR_SDK_MINOR,
                                  AR_KIND_FORMAT,
                                  0,
                                  "json_format",
                                  nullptr,
                                  "The scheme of each layer as JSON, without weights",
                                  "1.0",
                                  "",
                                  kCapabilities,
                                  &ar::FormatPlugin<JsonFormat>::kApi};

}  // namespace

AR_PLUGIN(json_format, &kDesc)
