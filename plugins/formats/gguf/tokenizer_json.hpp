#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <boost/json/object.hpp>

#include "source_files.hpp"

namespace ar::gguf {

/// A token of tokenizer.json's "added_tokens" or tokenizer_config.json's "added_tokens_decoder".
struct AddedToken {
  int64_t id;
  std::string text;
  bool special;
};

/// A text member; "" when it is absent or no text.
std::string text_member(const boost::json::object& o, const char* key);
/// tokenizer_config.json's "bos_token" and the like, plain or as an object with "content"; "" when absent.
std::string token_text(const boost::json::object& config, const std::string& key);

std::vector<AddedToken> added_tokens(const boost::json::object& tokenizer);
std::vector<AddedToken> added_tokens_decoder(const boost::json::object& config);
/// Id of an added token by its text; -1 when there is none.
int64_t added_token_id(const boost::json::object& tokenizer, const std::string& text);

/// Tokens of model.vocab by id: {id, text}. Throws when the model has no such table.
std::vector<std::pair<int64_t, std::string>> model_vocabulary(const boost::json::object& tokenizer);
/// "a b" for each merge; blanks within a piece become U+0120. Falls back on merges.txt.
std::vector<std::string> read_merges(const boost::json::object& tokenizer, const SourceFiles& source);

/// One item of a TemplateProcessing list: a special token or a sequence, the other one "".
struct TemplateItem {
  std::string special;
  std::string sequence;
};
std::vector<TemplateItem> template_items(const boost::json::object& processor, const char* key);

}  // namespace ar::gguf
