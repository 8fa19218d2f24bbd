#include "tests/cli/fixtures.hpp"

#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <random>

#include <boost/json.hpp>

#include "core/base/json.hpp"

namespace ar::cli {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr double kWeightDeviation = 0.05;

struct Tensor {
  std::string name;
  std::vector<std::int64_t> shape;
  bool norm;  // around 1 instead of 0
};

void add_layer(std::vector<Tensor>& tensors, const base::JsonCursor& config, std::int64_t layer) {
  const auto hidden = config.get_int("hidden_size"), inner = config.get_int("intermediate_size");
  const auto head = config.get_int("head_dim");
  const auto q = config.get_int("num_attention_heads") * head, kv = config.get_int("num_key_value_heads") * head;
  const bool bias = config.get_bool("attention_bias", false);
  const std::string at = "model.layers." + std::to_string(layer) + ".";
  const auto linear = [&](const std::string& name, std::int64_t out, std::int64_t in, bool with_bias) {
    tensors.push_back({at + name + ".weight", {out, in}, false});
    if (with_bias) tensors.push_back({at + name + ".bias", {out}, false});
  };
  tensors.push_back({at + "input_layernorm.weight", {hidden}, true});
  linear("self_attn.q_proj", q, hidden, bias);
  linear("self_attn.k_proj", kv, hidden, bias);
  linear("self_attn.v_proj", kv, hidden, bias);
  linear("self_attn.o_proj", hidden, q, bias);
  if (config.get_string("model_type") == "qwen3") {
    tensors.push_back({at + "self_attn.q_norm.weight", {head}, true});
    tensors.push_back({at + "self_attn.k_norm.weight", {head}, true});
  }
  tensors.push_back({at + "post_attention_layernorm.weight", {hidden}, true});
  linear("mlp.gate_proj", inner, hidden, false);
  linear("mlp.up_proj", inner, hidden, false);
  linear("mlp.down_proj", hidden, inner, false);
}

std::vector<Tensor> tensors_of(const base::JsonCursor& config) {
  const auto hidden = config.get_int("hidden_size"), vocab = config.get_int("vocab_size");
  std::vector<Tensor> tensors{{"model.embed_tokens.weight", {vocab, hidden}, false}};
  for (std::int64_t i = 0; i < config.get_int("num_hidden_layers"); ++i) add_layer(tensors, config, i);
  tensors.push_back({"model.norm.weight", {hidden}, true});
  if (!config.get_bool("tie_word_embeddings")) tensors.push_back({"lm_head.weight", {vocab, hidden}, false});
  return tensors;
}

/// Roughly normal: the sum of four uniform draws, which every standard library draws alike.
std::uint16_t random_bfloat16(std::mt19937& random, bool norm) {
  double sum = 0;
  for (int i = 0; i < 4; ++i) sum += static_cast<double>(random()) / 4294967296.0 - 0.5;
  const auto value = static_cast<float>((norm ? 1.0 : 0.0) + sum * std::sqrt(3.0) * kWeightDeviation);
  std::uint32_t bits = 0;
  std::memcpy(&bits, &value, sizeof bits);
  return static_cast<std::uint16_t>(bits >> 16);
}

std::int64_t count_of(const Tensor& tensor) {
  std::int64_t count = 1;
  for (const auto size : tensor.shape) count *= size;
  return count;
}

void write_weights(const std::vector<Tensor>& tensors, const fs::path& file) {
  json::object header;
  std::int64_t end = 0;
  for (const auto& tensor : tensors) {
    const auto begin = end;
    end += count_of(tensor) * 2;
    header[tensor.name] = {
        {"dtype", "BF16"}, {"shape", json::value_from(tensor.shape)}, {"data_offsets", {begin, end}}};
  }
  auto text = json::serialize(header);
  text.resize((text.size() + 7) / 8 * 8, ' ');
  const std::uint64_t length = text.size();
  std::ofstream out(file, std::ios::binary);
  out.write(reinterpret_cast<const char*>(&length), sizeof length);
  out << text;
  std::mt19937 random(1);
  for (const auto& tensor : tensors) {
    std::vector<std::uint16_t> data(static_cast<std::size_t>(count_of(tensor)));
    for (auto& value : data) value = random_bfloat16(random, tensor.norm);
    out.write(reinterpret_cast<const char*>(data.data()), static_cast<std::streamsize>(data.size() * 2));
  }
}

enum class Shape { kLines, kList };

void write_texts(const fs::path& file, Shape shape, unsigned first, std::size_t n, std::size_t n_words) {
  std::ofstream out(file);
  if (shape == Shape::kList) out << "[";
  for (std::size_t i = 0; i < n; ++i) {
    const json::string text(make_text(first + static_cast<unsigned>(i), n_words));
    if (shape == Shape::kList)
      out << (i > 0 ? ",\n" : "") << json::serialize(json::value(text));
    else
      out << json::serialize(json::object{{"text", text}}) << "\n";
  }
  if (shape == Shape::kList) out << "]\n";
}

}  // namespace

void make_model(const std::string& name, const fs::path& folder, const json::object& changes) {
  const fs::path source = fs::path(AR_SOURCE_DIR) / "tests/cli/fixtures";
  fs::create_directories(folder);
  fs::copy(source / "tiny-qwen3", folder, fs::copy_options::recursive | fs::copy_options::overwrite_existing);
  auto config = base::parse_json_file(source / name / "config.json");
  for (const auto& [key, value] : changes) config.as_object()[key] = value;
  std::ofstream(folder / "config.json") << config;
  write_weights(tensors_of({config, "config.json"}), folder / "model.safetensors");
}

std::string make_text(unsigned number, std::size_t n_words) {
  static constexpr std::array<const char*, 40> kWords = {
      "the",  "little", "dog",  "ran",  "to",    "big",    "tree",  "and",   "saw",     "a",
      "red",  "bird",   "that", "sang", "in",    "garden", "while", "sun",   "was",     "warm",
      "girl", "named",  "lily", "had",  "found", "box",    "under", "old",   "bed",     "she",
      "said", "thank",  "you",  "mom",  "they",  "played", "with",  "happy", "friends", "today"};
  std::mt19937 random(number + 1000);
  std::string text;
  for (std::size_t i = 0; i < n_words; ++i) {
    if (i > 0) text += i % 11 == 0 ? ". " : " ";
    text += kWords[random() % kWords.size()];
  }
  return text + ".";
}

void make_texts(const fs::path& folder) {
  write_texts(folder / "calib.jsonl", Shape::kLines, 0, 64, 700);
  write_texts(folder / "tmp.json", Shape::kList, 100, 16, 700);
  write_texts(folder / "short.jsonl", Shape::kLines, 200, 20, 10);
  write_texts(folder / "few.jsonl", Shape::kLines, 300, 3, 700);
  write_texts(folder / "long.jsonl", Shape::kLines, 400, 4, 2300);
  std::ofstream(folder / "notes.txt") << make_text(500, 700) << "\n";
}

}  // namespace ar::cli
