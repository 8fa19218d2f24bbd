#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/object.hpp>

namespace ar::model {

/// config.json: the object as it was read (keys in file order) and the fields the engine itself needs. What a model
/// family needs beyond them is read by its adapter. Composite models: a field absent at the top is taken from
/// text_config.
struct Config {
  boost::json::object json;
  std::string text;  // the file's bytes
  std::filesystem::path path;
  std::string model_type;  // the effective one (models.md 1.1)
  std::vector<std::string> architectures;
  std::string dtype;  // dtype or torch_dtype without "torch."; "" when absent
  bool tie_word_embeddings = false;
  std::optional<int64_t> max_position_embeddings;
  std::optional<int64_t> num_hidden_layers;
  std::optional<boost::json::object> quantization_config;
  bool multimodal = false;  // models.md 1.1, rows 3 and 4
  bool moe = false;         // the text mentions "moe" or "expert"
};

/// Reads <folder>/config.json. Fails naming the file when it is missing, no JSON object or a field has a wrong type;
/// refuses a diffusion pipeline.
Config read_config(const std::filesystem::path& folder);
/// The same from text; `path` names it in messages. Looks at no other file.
Config parse_config(std::string_view text, const std::filesystem::path& path);

/// Layers that upstream's own table leaves at 16 bit for this model (models.md 2.4), as --ignore_layers items.
/// `module_names`: names whose ".gate" ends matter for MoE models without a rule of their own.
std::vector<std::string> predefined_ignore_layers(const Config& config, const std::vector<std::string>& module_names);

}  // namespace ar::model
