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

  LoadedWeight linear(const LinearSpec& spec) const override { return weights_.load(spec); }
  at::Tensor bias(const LinearSpec& spec) const override { return model::tensor(*checkpoint_, spec.bias); }
  at::Tensor parameter(const std::string& name) const override { return model::tensor(*checkpoint_, name); }
  void release(const LinearSpec& spec) const override { weights_.release(spec); }

 private:
  std::shared_ptr<const model::Checkpoint> checkpoint_;
  WeightSource weights_;
};

}  // namespace ar::engine
