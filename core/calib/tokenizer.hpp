#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ar::base {
class JsonCursor;
}

namespace ar::calib {

/// What tokenizer_config.json and its neighbours say; nothing here changes how text is split.
struct TokenizerConfig {
  std::optional<std::int32_t> bos_id, eos_id, pad_id;
  std::map<std::string, std::string> special_tokens;  // by name: "bos_token" to "<s>"
  std::int64_t model_max_length = 0;                  // 0: no limit
  bool truncate_left = false;                         // a text that is too long loses its beginning
  std::string chat_template;                          // Jinja source, empty when there is none
};

/// transformers does not take a tokenizer.json as it stands (see tokenizer/transformers_view.hpp);
/// the tokenizers library does.
enum class TokenizerReading { kTransformers, kFileAlone };

/// A Hugging Face tokenizer read from tokenizer.json. Immutable: const methods may run on any thread.
/// Errors are base::Error naming the file and the place in it.
class Tokenizer {
 public:
  /// `path` is a model folder, or a tokenizer.json whose folder then gives the configuration.
  static Tokenizer open(const std::filesystem::path& path, TokenizerReading reading = TokenizerReading::kTransformers);
  /// A tokenizer.json given as text; `where` names it in errors.
  static Tokenizer parse(std::string_view json, const std::string& where);

  Tokenizer(Tokenizer&&) noexcept;
  Tokenizer& operator=(Tokenizer&&) noexcept;
  ~Tokenizer();

  /// Token ids of `text`; invalid UTF-8 reads as U+FFFD. `add_special` lets the post-processor add BOS and the like.
  /// At most `max_ids` are returned, the added ones included.
  std::vector<std::int32_t> encode(std::string_view text, bool add_special,
                                   std::size_t max_ids = std::numeric_limits<std::size_t>::max()) const;
  /// Ids without an entry are passed over; bytes that form no UTF-8 become U+FFFD.
  std::string decode(const std::vector<std::int32_t>& ids, bool skip_special) const;

  std::int64_t vocab_size() const;  // added tokens included
  std::optional<std::int32_t> id_of(std::string_view token) const;
  const TokenizerConfig& config() const;

 private:
  struct Parts;
  explicit Tokenizer(std::unique_ptr<Parts> parts);
  static std::unique_ptr<Parts> build(const base::JsonCursor& root);
  std::unique_ptr<Parts> parts_;
};

}  // namespace ar::calib
