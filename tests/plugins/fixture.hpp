#pragma once

#include <string>

#include "ar/cpp/format_plugin.hpp"

// A format that works and stores nothing: what the fixtures spoil in one point each.
namespace fixture {

struct Nothing {
  static void check(const std::string&, const ar_scheme&) {}
  static std::string resolve(const std::string& format, const std::string&) { return format; }
  Nothing(const ar_host&, const std::string&, const ar_target&) {}
  void pack(const ar::LayerView&, const ar_sink&) const {}
  void add(const ar::TensorView&) {}
  void finish() {}
};

constexpr ar_plugin_desc describe(const char* id) {
  return {sizeof(ar_plugin_desc),
          AR_SDK_MAJOR,
          AR_SDK_MINOR,
          AR_KIND_FORMAT,
          0,
          id,
          nullptr,
          "A fixture",
          "1.0",
          "",
          nullptr,
          &ar::FormatPlugin<Nothing>::kApi};
}

}  // namespace fixture
