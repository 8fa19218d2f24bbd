#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include <boost/json/array.hpp>

#include "ar/cpp/format_plugin.hpp"
#include "ar/host.h"
#include "header.hpp"
#include "mapped_file.hpp"

namespace ar::gguf {

/// A GGUF file as an input model (ar/format.h, open_source). Immutable: [any].
class Source {
 public:
  explicit Source(const std::string& path);

  /// {"architecture", "activations", "metadata", "tensors"}; long arrays are told by their length alone. Tensors
  /// that replace keys ("rope_freqs.weight") come with their values.
  std::string description() const;
  /// One tensor, by an entry of the adapter's declaration: planes and "scheme_json", or "weight" when it is a float.
  /// Rows come in the checkpoint's order.
  void read(const std::string& declared_json, const ar_sink& sink) const;
  /// tokenizer.json and tokenizer_config.json, made from the keys.
  std::vector<NamedFile> tokenizer() const;

 private:
  boost::json::array values_of(const TensorEntry& tensor) const;
  const TensorEntry& entry(const std::string& name) const;

  std::string path_;
  MappedFile file_;
  Header header_;
  std::unordered_map<std::string, const TensorEntry*> by_name_;
};

}  // namespace ar::gguf
