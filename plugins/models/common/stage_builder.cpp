#include "plugins/models/common/stage_builder.hpp"

#include <utility>

#include "ar/cpp/error.hpp"

namespace ar::models {
namespace {

std::string show(const std::vector<int64_t>& shape) {
  std::string text = "[";
  for (const int64_t size : shape) text += (text.size() > 1 ? ", " : "") + std::to_string(size);
  return text + "]";
}

}  // namespace

StoredNames::StoredNames(const TensorTable& tensors, std::string prefix)
    : tensors_(&tensors), complete_(false), prefix_(std::move(prefix)) {}

const TensorTable& StoredNames::nothing() {
  static const TensorTable empty;
  return empty;
}

std::string StoredNames::find(const std::string& tensor) const {
  if (complete_ || tensors_->count(tensor) != 0) return tensor;
  if (tensor.compare(0, prefix_.size(), prefix_) != 0) return "";
  std::string bare = tensor.substr(prefix_.size());
  return tensors_->count(bare) != 0 ? bare : "";
}

void StoredNames::check_shape(const std::string& stored, const std::vector<int64_t>& shape) const {
  if (complete_) return;
  const auto& found = tensors_->at(stored).shape;
  if (found != shape) {
    throw Error(AR_INVALID_ARGUMENT,
                "tensor " + stored + " is " + show(found) + ": config.json asks for " + show(shape));
  }
}

std::string StoredNames::require(const std::string& tensor, const std::vector<int64_t>& shape) const {
  std::string stored = find(tensor);
  if (stored.empty()) throw Error(AR_NOT_FOUND, "tensor " + tensor + " is missing in the checkpoint");
  check_shape(stored, shape);
  return stored;
}

bool StoredNames::packed(const std::string& module) const {
  const std::string start = module + ".";
  for (auto it = tensors_->lower_bound(start); it != tensors_->end(); ++it) {
    if (it->first.compare(0, start.size(), start) != 0) return false;
    if (it->first != start + "bias") return true;
  }
  return false;
}

std::string StoredNames::require_weight(const std::string& module, const std::vector<int64_t>& shape) const {
  const std::string tensor = module + ".weight";
  if (find(tensor).empty() && packed(module)) return tensor;
  return require(tensor, shape);
}

StageBuilder::StageBuilder(const StoredNames& stored, std::string module, std::string gguf)
    : stored_(stored), module_(std::move(module)), gguf_(std::move(gguf)) {}

int64_t StageBuilder::linear(const Name& name, int64_t out, int64_t in, bool bias) {
  LinearSpec spec;
  spec.name = module_ + name.module;
  spec.weight = stored_.require_weight(spec.name, {out, in});
  if (bias) spec.bias = stored_.require(spec.name + ".bias", {out});
  spec.out = out;
  spec.in = in;
  if (*name.gguf != '\0') spec.gguf_name = gguf_ + name.gguf;
  gguf_tensors_.push_back({spec.name + ".weight", full_gguf_name(name, ".weight"), {out, in}});
  if (bias) gguf_tensors_.push_back({spec.name + ".bias", full_gguf_name(name, ".bias"), {out}});
  linears_.push_back(std::move(spec));
  return static_cast<int64_t>(linears_.size()) - 1;
}

int64_t StageBuilder::parameter(const Name& name, const std::vector<int64_t>& shape) {
  const std::string tensor = module_ + name.module + ".weight";
  ParameterSpec spec;
  spec.tensor = stored_.require(tensor, shape);
  if (spec.tensor != tensor) spec.export_name = tensor;
  spec.gguf_name = full_gguf_name(name, ".weight");
  gguf_tensors_.push_back({tensor, spec.gguf_name, shape});
  parameters_.push_back(std::move(spec));
  return static_cast<int64_t>(parameters_.size()) - 1;
}

int64_t StageBuilder::attention(const char* module, const char* type, int64_t heads, int64_t kv_heads) {
  attentions_.push_back({module_ + module, type, heads, kv_heads});
  return static_cast<int64_t>(attentions_.size()) - 1;
}

void StageBuilder::rotated(int64_t linear, int64_t heads) {
  const std::string module = linears_.at(static_cast<std::size_t>(linear)).name + ".";
  for (GgufTensor& t : gguf_tensors_) {
    if (t.source.compare(0, module.size(), module) == 0) t.rope_heads = heads;
  }
}

std::string StageBuilder::full_gguf_name(const Name& name, const char* end) const {
  return *name.gguf == '\0' ? std::string() : gguf_ + name.gguf + end;
}

int64_t StageBuilder::norm(const Name& name, int64_t size) {
  const int64_t id = parameter(name, {size});
  parameters_.back().norm = true;
  return id;
}

}  // namespace ar::models
