#include "core/model/config.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <initializer_list>
#include <system_error>
#include <utility>

#include "core/base/error.hpp"
#include "core/base/json.hpp"

namespace ar::model {
namespace {

namespace fs = std::filesystem;
using base::JsonCursor;

// models.md 1.1, row 4: parts of top-level key names that make a model multimodal.
constexpr std::array<std::string_view, 26> kModalKeys = {"multi_modal_projector",
                                                         "vision_tower",
                                                         "multimodal_projector",
                                                         "thinker",
                                                         "talker",
                                                         "token2wav",
                                                         "code2wav",
                                                         "code_predictor",
                                                         "vqmodel",
                                                         "vision_model",
                                                         "audio_tower",
                                                         "audio_model",
                                                         "vision_encoder",
                                                         "patch_merger",
                                                         "vision_language_adapter",
                                                         "pre_mm_projector_norm",
                                                         "image_newline",
                                                         "model.connector",
                                                         "audio",
                                                         "vision",
                                                         "visual",
                                                         "image",
                                                         "img",
                                                         "speech",
                                                         "wav",
                                                         "waveform"};

// models.md 1.5: model types whose head shares the embedding when config.json does not say.
constexpr std::array<std::string_view, 26> kTiedByDefault = {"gemma",
                                                             "gemma2",
                                                             "gemma3_text",
                                                             "opt",
                                                             "gpt2",
                                                             "cohere",
                                                             "cohere2",
                                                             "smollm3",
                                                             "falcon",
                                                             "bloom",
                                                             "mpt",
                                                             "starcoder2",
                                                             "gpt_bigcode",
                                                             "gpt_neo",
                                                             "ernie4_5",
                                                             "ernie4_5_moe",
                                                             "lfm2",
                                                             "gemma4_text",
                                                             "qwen3_vl_moe_text",
                                                             "gemma3",
                                                             "gemma4",
                                                             "paligemma",
                                                             "mistral3",
                                                             "internvl",
                                                             "gemma3n",
                                                             "gemma3n_text"};

template <size_t N>
bool among(const std::array<std::string_view, N>& list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

std::vector<std::string> read_architectures(const JsonCursor& root) {
  std::vector<std::string> names;
  if (const auto list = root.find("architectures")) {
    for (size_t i = 0; i < list->as_array().size(); ++i) names.push_back(list->at(i).as_string());
  }
  return names;
}

/// The first of several spellings, at the top or in text_config.
std::optional<JsonCursor> find_field(const JsonCursor& root, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    if (auto found = root.find(name)) return found;
  }
  if (const auto text = root.find("text_config")) return find_field(*text, names);
  return std::nullopt;
}

std::optional<int64_t> find_count(const JsonCursor& root, std::initializer_list<std::string_view> names) {
  const auto found = find_field(root, names);
  if (!found) return std::nullopt;
  const int64_t value = found->as_int();
  if (value <= 0) found->fail(fmt::format("is {}; expected a positive number", value));
  return value;
}

std::string read_dtype(const JsonCursor& root) {
  const auto found = find_field(root, {"dtype", "torch_dtype"});
  if (!found) return "";
  const std::string name = found->as_string();
  constexpr std::string_view kPrefix = "torch.";
  return name.compare(0, kPrefix.size(), kPrefix) == 0 ? name.substr(kPrefix.size()) : name;
}

/// A composite model's text part knows best: the outer flag may be no more than a library's default (models.md 1.5).
bool read_tied(const JsonCursor& root, const std::string& model_type) {
  if (const auto text = root.find("text_config")) {
    if (const auto flag = text->find("tie_word_embeddings")) return flag->as_bool();
  }
  if (const auto flag = root.find("tie_word_embeddings")) return flag->as_bool();
  return among(kTiedByDefault, model_type);
}

bool has_modal_key(const boost::json::object& object) {
  for (const auto& member : object) {
    const std::string_view key(member.key());
    if (std::any_of(kModalKeys.begin(), kModalKeys.end(), [&](auto part) { return contains(key, part); })) return true;
  }
  return false;
}

std::string effective_type(const JsonCursor& root, const std::vector<std::string>& architectures) {
  for (const std::string& a : architectures) {
    if (a == "MiMoAudioModel" || a == "MiMoAudioForCausalLM") return "mimo_audio";
  }
  return root.get_string("model_type", "");
}

bool mentions_experts(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return contains(text, "moe") || contains(text, "expert");
}

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

}  // namespace

Config parse_config(std::string_view text, const fs::path& path) {
  const boost::json::value value = base::parse_json(text, path.string());
  const JsonCursor root(value, path.string());
  Config c;
  c.json = root.as_object();
  c.text = text;
  c.path = path;
  c.architectures = read_architectures(root);
  c.model_type = effective_type(root, c.architectures);
  if (c.model_type.empty()) root.fail("has no model_type: it is not the configuration of a model");
  if (c.model_type == "nextstep")
    base::refuse("{}: nextstep is an image generator, not a language model", path.string());
  c.dtype = read_dtype(root);
  c.tie_word_embeddings = read_tied(root, c.model_type);
  c.max_position_embeddings =
      find_count(root, {"max_position_embeddings", "n_positions", "max_sequence_length", "max_seq_len", "seq_length"});
  c.num_hidden_layers = find_count(root, {"num_hidden_layers", "n_layer", "n_layers", "num_layers"});
  if (const auto q = root.find("quantization_config")) c.quantization_config = q->as_object();
  c.multimodal = c.model_type != "bagel" && has_modal_key(c.json);
  c.moe = mentions_experts(c.text);
  return c;
}

Config read_config(const fs::path& folder) {
  std::error_code error;
  if (!fs::is_directory(folder, error)) {
    base::refuse("{}: there is no such model folder; a model is a local folder with config.json", folder.string());
  }
  if (is_there(folder / "model_index.json")) {
    base::refuse("{}: a diffusion pipeline (model_index.json) cannot be quantized, only language models",
                 folder.string());
  }
  const fs::path path = folder / "config.json";
  if (!is_there(path)) base::refuse("{}: there is no config.json; a model folder needs one", folder.string());
  Config c = parse_config(base::read_text_file(path), path);
  const bool processor = is_there(folder / "preprocessor_config.json") || is_there(folder / "processor_config.json");
  c.multimodal = c.multimodal || (processor && c.model_type != "bagel");
  return c;
}

}  // namespace ar::model
