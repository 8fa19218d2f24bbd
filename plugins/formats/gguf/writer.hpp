#pragma once

#include <memory>
#include <string>

#include <boost/json/object.hpp>

#include "ar/cpp/format_plugin.hpp"
#include "declared_file.hpp"
#include "source.hpp"

namespace ar::gguf {

/// The format's table as a class (ar/format.h): the GGUF file, and a second one for a vision tower. What they hold and
/// where follows from the plan.
class Writer {
 public:
  using Source = gguf::Source;

  static void check(const std::string& format, const ar_scheme& scheme);
  static std::string resolve(const std::string& format, const std::string& plan_json);
  static std::string choose_schemes(const std::string& format, const std::string& plan_json);

  Writer(const ar_host& host, const std::string& plan_json, const ar_target& target);
  void pack(const LayerView& layer, const ar_sink& sink) const;
  void store(const TensorView& tensor);
  void add(const TensorView& tensor);
  void finish();
  void unpack(const LayerView& layer, const TensorList& stored, const ar_sink& sink) const;

 private:
  const ar_host* host_;
  std::unique_ptr<DeclaredFile> text_;
  std::unique_ptr<DeclaredFile> mmproj_;  // of models with a vision tower
};

}  // namespace ar::gguf
