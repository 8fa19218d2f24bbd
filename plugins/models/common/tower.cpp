#include "plugins/models/common/tower.hpp"

#include <algorithm>
#include <utility>

namespace ar::models {

namespace json = boost::json;

void TowerBuilder::tensor(const std::string& name, const std::string& gguf, const std::vector<int64_t>& shape,
                          const Part& part) {
  std::vector<int64_t> taken = shape;
  json::object entry{{"source", stored_.require(name, shape)}, {"name", gguf}};
  if (part.size > 0) {
    const auto axis = static_cast<std::size_t>(part.axis);
    entry["part"] = json::object{{"shape", json::array(shape.begin(), shape.end())},
                                 {"axis", part.axis},
                                 {"begin", part.begin},
                                 {"size", part.size}};
    taken[axis] = part.size;
    if (part.size == 1) taken.erase(taken.begin() + part.axis);
  }
  entry["shape"] = json::array(taken.begin(), taken.end());
  tensors_.push_back(std::move(entry));
}

void TowerBuilder::linear(const std::string& module, const std::string& gguf, int64_t out, int64_t in) {
  only_linear(module);
  tensor(module + ".weight", gguf + ".weight", {out, in});
  tensor(module + ".bias", gguf + ".bias", {out});
}

void TowerBuilder::norm(const std::string& module, const std::string& gguf, int64_t size, bool bias) {
  tensor(module + ".weight", gguf + ".weight", {size});
  if (bias) tensor(module + ".bias", gguf + ".bias", {size});
}

void TowerBuilder::key(const char* name, const char* type, const json::value& value) {
  keys_.push_back(json::array{name, type, value});
}

Tower TowerBuilder::take() {
  if (!refused_.empty()) {
    tower_.mmproj = {{"refused", refused_}};
    return std::move(tower_);
  }
  const auto source = [](const json::object& entry) { return entry.at("source").as_string(); };
  std::stable_sort(tensors_.begin(), tensors_.end(),
                   [&](const json::object& a, const json::object& b) { return source(a) < source(b); });
  tower_.mmproj = {{"architecture", "clip"},
                   {"metadata", std::move(keys_)},
                   {"tensors", json::array(tensors_.begin(), tensors_.end())}};
  return std::move(tower_);
}

void add_vision_keys(const VisionSize& size, TowerBuilder& tower) {
  tower.key("general.file_type", "u32", 0);  // its place; the format knows the value
  tower.key("clip.has_vision_encoder", "bool", true);
  tower.key("clip.vision.projection_dim", "u32", size.hidden);
  tower.key("clip.vision.image_size", "u32", size.image);
  tower.key("clip.vision.patch_size", "u32", size.patch);
  tower.key("clip.vision.embedding_length", "u32", size.width);
  tower.key("clip.vision.feed_forward_length", "u32", size.mlp_width);
  tower.key("clip.vision.block_count", "u32", size.blocks);
  tower.key("clip.vision.attention.head_count", "u32", size.heads);
  tower.key("clip.vision.image_mean", "preprocessor", "image_mean");
  tower.key("clip.vision.image_std", "preprocessor", "image_std");
}

}  // namespace ar::models
