#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include <boost/json/object.hpp>

#include "ar/cpp/format_plugin.hpp"
#include "declaration.hpp"
#include "header.hpp"
#include "output_file.hpp"
#include "source.hpp"

namespace ar::gguf {

/// One GGUF file: the format's table as a class (ar/format.h). What the file holds and where follows from the plan.
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
  /// A declared tensor and its place in the file; several slices share one place.
  struct Place {
    const DeclaredTensor* declared;
    const TensorEntry* entry;
  };
  const Place& source_place(const std::string& source) const;

  const ar_host* host_;
  Declaration declaration_;
  std::vector<TensorEntry> entries_;                 // the file's tensors, in order
  std::unordered_map<std::string, Place> by_source_;  // checkpoint names
  std::unordered_map<std::string, Place> by_packed_;  // names that `pack` gives
  std::unique_ptr<OutputFile> file_;
};

}  // namespace ar::gguf
