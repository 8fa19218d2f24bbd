#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>
#include <boost/json/object.hpp>

#include "ar/torch/model_arch.hpp"
#include "core/engine/model_source.hpp"
#include "core/engine/source_file.hpp"
#include "core/engine/staging_sink.hpp"
#include "core/model/config.hpp"
#include "core/plugin/registry.hpp"

namespace ar::engine {

/// A model in one file (GGUF), read through the format plugin whose id is the file's extension. Immutable; [any].
class FileSource final : public ModelSource {
 public:
  /// Refuses a file that no format plugin reads, or whose model no adapter takes. `activations` names a program that
  /// runs such files, one the format lists: linear layers then come with the rounding of their inputs that it does,
  /// attention with that of its cache. Without, both are left alone.
  FileSource(plugin::Registry& registry, const std::filesystem::path& file, std::optional<std::string> activations);

  bool contains(const std::string& name) const override { return table_.count(name) != 0; }
  TensorInfo info(const std::string& name) const override;
  std::vector<std::string> names_in_order() const override;
  int64_t n_parameters() const override;
  std::filesystem::path place(const std::string&) const override { return source_.path(); }

  std::optional<at::ScalarType> cache_dtype() const override { return cache_dtype_; }
  LoadedWeight linear(const LinearSpec& spec) const override;
  at::Tensor tensor(const std::string& name) const override;

  const model::Config& config() const { return config_; }
  const TensorTable& table() const { return table_; }

 private:
  void find_activations();
  void import(plugin::Registry& registry);
  boost::json::object declared(const std::string& name) const;
  quant::QuantizedWeight planes(const StagingSink& sink, const std::string& name) const;

  SourceFile source_;
  std::optional<std::string> activations_;
  std::optional<at::ScalarType> cache_dtype_;
  model::Config config_;
  TensorTable table_;
  std::map<std::string, boost::json::object> declared_;  // checkpoint name -> what read_source wants
};

}  // namespace ar::engine
