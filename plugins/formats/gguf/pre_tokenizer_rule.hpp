#pragma once

#include <string>

#include <boost/json/object.hpp>

namespace ar::gguf {

/// What a value of tokenizer.ggml.pre stands for.
struct PreTokenizerRule {
  boost::json::object pre_tokenizer;  // of tokenizer.json
  bool composes = false;              // texts are brought to form NFC first
  bool ignores_merges = false;        // a word that is a token stays whole
  bool adds_bos = false;              // unless the file says otherwise
};

/// Throws AR_UNSUPPORTED for a name it does not know, the empty one included.
PreTokenizerRule pre_tokenizer_rule(const std::string& name);

}  // namespace ar::gguf
