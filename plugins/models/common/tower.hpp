#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "plugins/models/common/config.hpp"
#include "plugins/models/common/stage_builder.hpp"

namespace ar::models {

/// What a checkpoint holds beside its language model: copied as it is, never run.
struct Tower {
  std::vector<std::string> linears;  // by module path in transformers
  boost::json::object mmproj;  // of the GGUF declaration (plugins/formats/gguf/README.md): llama.cpp's second file
  std::optional<int64_t> deepstack_layers;  // how many of its layers reach into the language model's
};

/// A range of one axis of a stored tensor; size 0: all of it. An axis of which one place is taken is dropped.
struct Part {
  int64_t axis = 0;
  int64_t begin = 0;
  int64_t size = 0;
};

/// Collects a tower's layers and the names and keys they have in GGUF files. Module paths are transformers'; stored
/// names may lack their first component. Throws naming a tensor that is missing or has another shape.
class TowerBuilder {
 public:
  explicit TowerBuilder(const StoredNames& stored) : stored_(stored) {}

  void linear(const std::string& module, const std::string& gguf, int64_t out, int64_t in);  // with a bias
  void norm(const std::string& module, const std::string& gguf, int64_t size, bool bias);
  /// `shape` is that of the whole stored tensor.
  void tensor(const std::string& name, const std::string& gguf, const std::vector<int64_t>& shape,
              const Part& part = {});
  /// A linear layer that a format splits or renames itself with `tensor`.
  void only_linear(const std::string& module) { tower_.linears.push_back(module); }
  void key(const char* name, const char* type, const boost::json::value& value);
  void set_deepstack(std::size_t layers) { tower_.deepstack_layers = static_cast<int64_t>(layers); }
  /// llama.cpp has no such tower: GGUF files are refused with this sentence.
  void refuse_mmproj(const std::string& reason) { refused_ = reason; }

  /// Tensors come sorted by their stored names, as checkpoints have them and llama.cpp's converter leaves them.
  Tower take();

 private:
  const StoredNames& stored_;
  Tower tower_;
  boost::json::array keys_;
  std::string refused_;
  std::vector<boost::json::object> tensors_;
};

/// Keys that every vision tower begins with. hidden: width of the language model.
struct VisionSize {
  int64_t hidden, image, patch, width, mlp_width, blocks, heads;
};
void add_vision_keys(const VisionSize& size, TowerBuilder& tower);

}  // namespace ar::models
