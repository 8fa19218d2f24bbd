#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include <boost/json/object.hpp>

namespace ar::cli {

/// Random bfloat16 weights for a config.json of this folder of fixtures ("tiny-qwen3", "tiny-llama"), always the same,
/// with its tokenizer, written as a model folder. `changes` replace keys of the config.
void make_model(const std::string& name, const std::filesystem::path& folder, const boost::json::object& changes = {});

/// English-like sentences, always the same for a number; about `n_words` words.
std::string make_text(unsigned number, std::size_t n_words);

/// calib.jsonl (64 long texts), tmp.json (16), short.jsonl (20 texts of ten words), few.jsonl (3), long.jsonl (4 texts
/// above 2048 tokens), notes.txt.
void make_texts(const std::filesystem::path& folder);

}  // namespace ar::cli
