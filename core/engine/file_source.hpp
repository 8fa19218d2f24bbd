#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "ar/torch/model_arch.hpp"
#include "core/engine/model_source.hpp"
#include "core/engine/source_file.hpp"
#include "core/model/config.hpp"
#include "core/plugin/registry.hpp"

namespace ar::engine {

/// A model in one file (GGUF), read through the format plugin whose id is the file's extension. Immutable; [any].
class FileSource final : public ModelSource {
 public:
  /// Refuses a file that no format plugin reads, or whose model no adapter takes.
  FileSource(plugin::Registry& registry, const std::filesystem::path& file);

  bool contains(const std::string& name) const override { return table_.count(name) != 0; }
  TensorInfo info(const std::string& name) const override;
  std::vector<std::string> names_in_order() const override;
  int64_t n_parameters() const override;
  std::filesystem::path place(const std::string&) const override { return source_.path(); }

  LoadedWeight linear(const LinearSpec& spec) const override { return {tensor(spec.weight), std::nullopt}; }
  at::Tensor tensor(const std::string& name) const override;

  const model::Config& config() const { return config_; }
  const TensorTable& table() const { return table_; }

 private:
  void import(plugin::Registry& registry);

  SourceFile source_;
  model::Config config_;
  TensorTable table_;
  std::map<std::string, std::string> declared_;  // checkpoint name -> what read_source wants
};

}  // namespace ar::engine
