#pragma once

#include <memory>
#include <utility>

#include "core/engine/model_source.hpp"
#include "core/model/checkpoint_tensor.hpp"

namespace ar::engine {

/// A model folder with safetensors files.
class FolderSource final : public ModelSource {
 public:
  FolderSource(plugin::Registry& registry, const model::Config& config, std::shared_ptr<const model::Checkpoint> checkpoint)
      : checkpoint_(std::move(checkpoint)), weights_(registry, config, checkpoint_) {}

  TensorInfo info(const std::string& name) const override {
    const model::Checkpoint::Info& info = checkpoint_->info(name);
    return {info.dtype, info.shape};
  }
  bool contains(const std::string& name) const override { return checkpoint_->contains(name); }
  std::vector<std::string> names_in_order() const override { return checkpoint_->names_in_order(); }
  int64_t n_parameters() const override { return checkpoint_->n_parameters(); }
  std::filesystem::path place(const std::string& name) const override {
    return checkpoint_->contains(name) ? checkpoint_->file_of(name).path() : checkpoint_->folder();
  }

  LoadedWeight linear(const LinearSpec& spec) const override { return weights_.load(spec); }
  at::Tensor tensor(const std::string& name) const override { return model::tensor(*checkpoint_, name); }
  const WeightSource* layers() const override { return &weights_; }

  void prefetch(const std::string& name_or_prefix) const override { checkpoint_->prefetch(name_or_prefix); }
  void release(const std::string& name_or_prefix) const override { checkpoint_->release(name_or_prefix); }
  void release(const LinearSpec& spec) const override { weights_.release(spec); }

 private:
  std::shared_ptr<const model::Checkpoint> checkpoint_;
  WeightSource weights_;
};

}  // namespace ar::engine
