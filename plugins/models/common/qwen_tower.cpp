#include "plugins/models/common/qwen_tower.hpp"

#include <algorithm>
#include <cmath>

namespace ar::models {
namespace {

namespace json = boost::json;

const std::string kTower = "model.visual.";
constexpr double kNormEps = 1e-6;
constexpr int64_t kMost = int64_t{1} << 20;  // three of them multiply without overflow

/// vision_config with the defaults of transformers' configuration classes.
class Vision {
 public:
  explicit Vision(const Config& config) : config_(*config.object("vision_config")) {}
  int64_t count(const char* key, int64_t otherwise) const {
    const int64_t value = config_.integer(key).value_or(otherwise);
    if (value < 1 || value > kMost) config_.refuse(key, "a whole number from 1 to 2^20");
    return value;
  }
  /// A width given as a multiple of another one.
  int64_t multiple(const char* key, double otherwise, int64_t width) const {
    const double product = config_.number(key).value_or(otherwise) * static_cast<double>(width);
    if (!(product >= 1 && product <= kMost)) config_.refuse(key, "a ratio that gives a width from 1 to 2^20");
    return static_cast<int64_t>(product);
  }
  /// Indices of blocks.
  std::vector<int64_t> indices(const char* key, const std::vector<int64_t>& otherwise, int64_t blocks) const {
    if (!config_.has(key)) return otherwise;
    std::vector<int64_t> list;
    for (const double value : config_.numbers(key)) {
      if (!(value >= 0 && value < static_cast<double>(blocks)) || value != std::floor(value))
        config_.refuse(key, "a list of numbers from 0 to " + std::to_string(blocks - 1));
      list.push_back(static_cast<int64_t>(value));
    }
    return list;
  }
  /// What llama.cpp has no way to say.
  std::string unnamed(const char* key, const std::string& accepted) const {
    return "config.json: vision_config." + std::string(key) + " is " + config_.show(key) + ": llama.cpp knows " +
           accepted;
  }

 private:
  const Config config_;
};

std::string block_module(int64_t i) { return kTower + "blocks." + std::to_string(i) + "."; }
std::string block_name(int64_t i) { return "v.blk." + std::to_string(i) + "."; }

/// A convolution over two frames is two over one in llama.cpp.
void add_patches(const Vision& vision, const VisionSize& size, bool bias, TowerBuilder& tower) {
  const std::string name = kTower + "patch_embed.proj.";
  const int64_t frames = vision.count("temporal_patch_size", 2);
  if (frames != 2) tower.refuse_mmproj(vision.unnamed("temporal_patch_size", "2"));
  const std::vector<int64_t> shape{size.width, vision.count("in_channels", 3), frames, size.patch, size.patch};
  tower.tensor(name + "weight", "v.patch_embd.weight", shape, {2, 0, 1});
  if (frames > 1) tower.tensor(name + "weight", "v.patch_embd.weight.1", shape, {2, 1, 1});
  if (bias) tower.tensor(name + "bias", "v.patch_embd.bias", {size.width});
}

/// One matrix makes queries, keys and values; llama.cpp has three for the older models.
void add_split_attention(int64_t block, int64_t width, TowerBuilder& tower) {
  const std::string qkv = block_module(block) + "attn.qkv";
  tower.only_linear(qkv);
  const char* const names[] = {"attn_q", "attn_k", "attn_v"};
  for (int64_t i = 0; i < 3; ++i) {
    const std::string name = block_name(block) + names[i];
    tower.tensor(qkv + ".weight", name + ".weight", {3 * width, width}, {0, i * width, width});
    tower.tensor(qkv + ".bias", name + ".bias", {3 * width}, {0, i * width, width});
  }
  tower.linear(block_module(block) + "attn.proj", block_name(block) + "attn_out", width, width);
}

/// From `merge` x `merge` patches to one state of the language model.
void add_merger(const std::string& module, const char* const (&modules)[3], const std::string (&names)[3],
                int64_t width, int64_t norm, int64_t hidden, bool norm_bias, TowerBuilder& tower) {
  tower.norm(module + modules[0], names[0], norm, norm_bias);
  tower.linear(module + modules[1], names[1], width, width);
  tower.linear(module + modules[2], names[2], hidden, width);
}

int64_t merged_width(const Vision& vision, int64_t width) {
  const int64_t merge = vision.count("spatial_merge_size", 2);
  return width * merge * merge;
}

/// What sets the two older towers apart is the MLP and the kind of norm.
template <typename AddMlp>
void add_older_tower(const Vision& vision, const VisionSize& size, int64_t out, bool norm_bias, const AddMlp& add_mlp,
                     TowerBuilder& tower) {
  add_patches(vision, size, false, tower);
  for (int64_t i = 0; i < size.blocks; ++i) {
    tower.norm(block_module(i) + "norm1", block_name(i) + "ln1", size.width, norm_bias);
    tower.norm(block_module(i) + "norm2", block_name(i) + "ln2", size.width, norm_bias);
    add_split_attention(i, size.width, tower);
    add_mlp(i);
  }
  add_merger(kTower + "merger.", {"ln_q", "mlp.0", "mlp.2"}, {"v.post_ln", "mm.0", "mm.2"},
             merged_width(vision, size.width), size.width, out, norm_bias, tower);
}

constexpr int64_t kImage = 560;  // llama.cpp's choice for models that take every size

}  // namespace

Tower qwen2_tower(const Config& config, int64_t hidden, const StoredNames& stored) {
  const Vision vision(config);
  TowerBuilder tower(stored);
  const int64_t out = vision.count("hidden_size", 3584);
  VisionSize size{hidden,
                  kImage,
                  vision.count("patch_size", 14),
                  vision.count("embed_dim", 1280),
                  0,
                  vision.count("depth", 32),
                  vision.count("num_heads", 16)};
  const int64_t mlp_width = vision.multiple("mlp_ratio", 4.0, size.width);
  size.mlp_width = out;  // as llama.cpp's converter has it, and never uses it
  add_vision_keys(size, tower);
  tower.key("clip.projector_type", "string", "qwen2vl_merger");
  tower.key("clip.vision.attention.layer_norm_epsilon", "f32", kNormEps);
  const auto add_mlp = [&](int64_t i) {
    tower.linear(block_module(i) + "mlp.fc1", block_name(i) + "ffn_up", mlp_width, size.width);
    tower.linear(block_module(i) + "mlp.fc2", block_name(i) + "ffn_down", size.width, mlp_width);
  };
  add_older_tower(vision, size, out, true, add_mlp, tower);
  return tower.take();
}

Tower qwen2_5_tower(const Config& config, int64_t hidden, const StoredNames& stored) {
  const Vision vision(config);
  TowerBuilder tower(stored);
  const VisionSize size{hidden,
                        kImage,
                        vision.count("patch_size", 14),
                        vision.count("hidden_size", 3584),
                        vision.count("intermediate_size", 3420),
                        vision.count("depth", 32),
                        vision.count("num_heads", 16)};
  // Every n-th block looks at the whole picture, the others at windows.
  const std::vector<int64_t> full = vision.indices("fullatt_block_indexes", {7, 15, 23, 31}, size.blocks);
  const int64_t every = full.empty() ? 0 : full.front() + 1;
  bool regular = !full.empty();
  for (std::size_t i = 0; i < full.size(); ++i) regular = regular && full[i] + 1 == every * static_cast<int64_t>(i + 1);
  if (!regular) tower.refuse_mmproj(vision.unnamed("fullatt_block_indexes", "every n-th block"));
  add_vision_keys(size, tower);
  tower.key("clip.projector_type", "string", "qwen2.5vl_merger");
  tower.key("clip.use_silu", "bool", true);
  tower.key("clip.vision.n_wa_pattern", "u32", every);
  tower.key("clip.vision.attention.layer_norm_epsilon", "f32", kNormEps);
  const auto add_mlp = [&](int64_t i) {
    tower.linear(block_module(i) + "mlp.gate_proj", block_name(i) + "ffn_gate", size.mlp_width, size.width);
    tower.linear(block_module(i) + "mlp.up_proj", block_name(i) + "ffn_up", size.mlp_width, size.width);
    tower.linear(block_module(i) + "mlp.down_proj", block_name(i) + "ffn_down", size.width, size.mlp_width);
  };
  add_older_tower(vision, size, vision.count("out_hidden_size", 3584), false, add_mlp, tower);
  return tower.take();
}

Tower qwen3_tower(const Config& config, int64_t hidden, const StoredNames& stored) {
  const Vision vision(config);
  TowerBuilder tower(stored);
  VisionSize size{hidden,
                  0,
                  vision.count("patch_size", 16),
                  vision.count("hidden_size", 1152),
                  vision.count("intermediate_size", 4304),
                  vision.count("depth", 27),
                  vision.count("num_heads", 16)};
  const int64_t positions = vision.count("num_position_embeddings", 2304), out = vision.count("out_hidden_size", 3584);
  const int64_t merged = merged_width(vision, size.width);
  const std::vector<int64_t> deep = vision.indices("deepstack_visual_indexes", {8, 16, 24}, size.blocks);
  size.image = static_cast<int64_t>(std::sqrt(static_cast<double>(positions)) * static_cast<double>(size.patch));
  add_vision_keys(size, tower);
  tower.key("clip.projector_type", "string", "qwen3vl_merger");
  tower.key("clip.use_gelu", "bool", true);
  tower.key("clip.vision.spatial_merge_size", "u32", vision.count("spatial_merge_size", 2));
  tower.key("clip.vision.attention.layer_norm_epsilon", "f32", kNormEps);
  json::array is_deep;
  for (int64_t i = 0; i < size.blocks; ++i) is_deep.emplace_back(std::count(deep.begin(), deep.end(), i) != 0);
  tower.key("clip.vision.is_deepstack_layers", "bools", is_deep);

  tower.set_deepstack(deep.size());

  add_patches(vision, size, true, tower);
  tower.tensor(kTower + "pos_embed.weight", "v.position_embd.weight", {positions, size.width});
  for (int64_t i = 0; i < size.blocks; ++i) {
    const std::string module = block_module(i), name = block_name(i);
    tower.norm(module + "norm1", name + "ln1", size.width, true);
    tower.norm(module + "norm2", name + "ln2", size.width, true);
    tower.linear(module + "attn.qkv", name + "attn_qkv", 3 * size.width, size.width);
    tower.linear(module + "attn.proj", name + "attn_out", size.width, size.width);
    tower.linear(module + "mlp.linear_fc1", name + "ffn_up", size.mlp_width, size.width);
    tower.linear(module + "mlp.linear_fc2", name + "ffn_down", size.width, size.mlp_width);
  }
  const char* const modules[] = {"norm", "linear_fc1", "linear_fc2"};
  add_merger(kTower + "merger.", modules, {"v.post_ln", "mm.0", "mm.2"}, merged, size.width, out, true, tower);
  for (std::size_t i = 0; i < deep.size(); ++i) {
    const std::string name = "v.deepstack." + std::to_string(deep[i]) + ".";
    add_merger(kTower + "deepstack_merger_list." + std::to_string(i) + ".", modules,
               {name + "norm", name + "fc1", name + "fc2"}, merged, merged, out, true, tower);
  }
  return tower.take();
}

}  // namespace ar::models
