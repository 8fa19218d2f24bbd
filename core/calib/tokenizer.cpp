#include "core/calib/tokenizer.hpp"

#include <algorithm>
#include <utility>

#include <boost/json/value.hpp>
#include <boost/unordered/unordered_flat_map.hpp>

#include "core/base/error.hpp"
#include "core/base/json.hpp"
#include "core/calib/tokenizer/added_tokens.hpp"
#include "core/calib/tokenizer/decoder.hpp"
#include "core/calib/tokenizer/model.hpp"
#include "core/calib/tokenizer/post_processor.hpp"
#include "core/calib/tokenizer/transformers_view.hpp"
#include "core/calib/tokenizer/utf8.hpp"
#include "core/calib/tokenizer_config.hpp"

namespace ar::calib {

struct Tokenizer::Parts {
  Normalizer normalizer;
  PreTokenizer pre_tokenizer;
  PostProcessor post_processor;
  Decoder decoder;
  std::unique_ptr<TokenModel> model;
  AddedTokens added;
  TokenizerConfig config;
};

namespace {

constexpr std::size_t kMaxTextBytes = std::size_t{1} << 30;  // ICU and the merge queue count in int32
constexpr std::size_t kLongestCached = 64;                   // bytes; longer pieces hardly ever repeat

template <typename Make>
auto make_part(const base::JsonCursor& root, const char* name, Make make) -> decltype(make(root)) {
  const auto json = root.find(name);
  if (!json) return {};
  return make(*json);
}

void cut(std::vector<std::int32_t>& ids, std::size_t room, bool from_left) {
  const auto extra = static_cast<std::ptrdiff_t>(ids.size() - room);
  ids.erase(from_left ? ids.begin() : ids.end() - extra, from_left ? ids.begin() + extra : ids.end());
}

/// Encodes pieces and copies the ids of a piece that occurred before in the same text.
class PieceEncoder {
 public:
  explicit PieceEncoder(const TokenModel& model) : model_(model) {}

  void encode(const std::string& piece, std::vector<std::int32_t>& ids) {
    if (piece.size() > kLongestCached) return model_.encode(piece, ids);
    const auto [entry, added] = seen_.try_emplace(piece, std::pair{ids.size(), ids.size()});
    if (added) {
      model_.encode(piece, ids);
      entry->second.second = ids.size();
      return;
    }
    for (auto i = entry->second.first; i < entry->second.second; ++i) ids.push_back(ids[i]);
  }

 private:
  const TokenModel& model_;
  boost::unordered_flat_map<std::string_view, std::pair<std::size_t, std::size_t>> seen_;  // range in ids
};

}  // namespace

Tokenizer::Tokenizer(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;
Tokenizer::~Tokenizer() = default;

std::unique_ptr<Tokenizer::Parts> Tokenizer::build(const base::JsonCursor& root) {
  auto parts = std::make_unique<Parts>();
  parts->model = make_token_model(root.at("model"));
  parts->normalizer = make_part(root, "normalizer", make_normalizer);
  parts->pre_tokenizer = make_part(root, "pre_tokenizer", make_pre_tokenizer);
  parts->post_processor = make_part(root, "post_processor", make_post_processor);
  parts->decoder = make_part(root, "decoder", make_decoder);
  if (const auto list = root.find("added_tokens")) {
    for (std::size_t i = 0; i < list->size(); ++i) parts->added.add(parse_added_token(list->at(i)), *parts->model);
  }
  parts->added.prepare(parts->normalizer);
  return parts;
}

Tokenizer Tokenizer::parse(std::string_view json, const std::string& where) {
  const auto value = base::parse_json(json, where);
  return Tokenizer(build({value, where}));
}

Tokenizer Tokenizer::open(const std::filesystem::path& path, TokenizerReading reading) {
  const auto folder = std::filesystem::is_directory(path) ? path : path.parent_path();
  const auto file = std::filesystem::is_directory(path) ? path / "tokenizer.json" : path;
  if (!std::filesystem::exists(file)) fail_without_tokenizer(folder);
  auto value = base::parse_json_file(file);
  if (reading == TokenizerReading::kTransformers) view_as_transformers(value, folder);
  Tokenizer tokenizer(build({value, file.string()}));
  auto& config = tokenizer.parts_->config;
  config = read_tokenizer_config(folder);
  const auto id = [&](const char* name) -> std::optional<std::int32_t> {
    const auto token = config.special_tokens.find(name);
    return token == config.special_tokens.end() ? std::nullopt : tokenizer.id_of(token->second);
  };
  config.bos_id = id("bos_token");
  config.eos_id = id("eos_token");
  config.pad_id = id("pad_token");
  return tokenizer;
}

std::vector<std::int32_t> Tokenizer::encode(std::string_view text, bool add_special, std::size_t max_ids) const {
  if (text.size() > kMaxTextBytes) base::fail("a text of {} bytes is too long; at most {}", text.size(), kMaxTextBytes);
  std::vector<std::int32_t> ids;
  Pieces pieces;
  for (auto& piece : parts_->added.split(to_utf8_lossy(text), parts_->normalizer)) {
    if (piece.added_token < 0 && parts_->pre_tokenizer) {
      parts_->pre_tokenizer(std::move(piece), pieces);
    } else {
      pieces.push_back(std::move(piece));
    }
  }
  PieceEncoder encoder(*parts_->model);
  for (const auto& piece : pieces) {
    if (piece.added_token >= 0) {
      ids.push_back(piece.added_token);
    } else {
      encoder.encode(piece.text, ids);
    }
  }
  const bool process = add_special && parts_->post_processor;
  std::vector<std::int32_t> added;  // what an empty text gets: room that has to be left
  if (process) parts_->post_processor(added);
  const auto room = max_ids - std::min(max_ids, added.size());
  if (ids.size() > room) cut(ids, room, parts_->config.truncate_left);
  if (process) parts_->post_processor(ids);
  return ids;
}

std::string Tokenizer::decode(const std::vector<std::int32_t>& ids, bool skip_special) const {
  std::vector<std::string> tokens;
  for (const auto id : ids) {
    auto token = parts_->added.token_of(id);
    if (!token) token = parts_->model->token_of(id);
    if (!token || (skip_special && parts_->added.is_special(*token))) continue;
    tokens.emplace_back(*token);
  }
  const char* separator = parts_->decoder ? "" : " ";
  if (parts_->decoder) parts_->decoder(tokens);
  std::string text;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (i > 0) text += separator;
    text += tokens[i];
  }
  return text;
}

std::int64_t Tokenizer::vocab_size() const {
  return parts_->model->size() + parts_->added.count_beyond(*parts_->model);
}

std::optional<std::int32_t> Tokenizer::id_of(std::string_view token) const {
  const auto id = parts_->added.id_of(token);
  return id ? id : parts_->model->id_of(token);
}

const TokenizerConfig& Tokenizer::config() const { return parts_->config; }

}  // namespace ar::calib
