#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/object.hpp>

#include "metadata.hpp"

namespace ar::gguf {

/// A range of one axis of a stored tensor; size 0: all of it.
struct Part {
  std::vector<int64_t> shape;  // of the stored tensor
  int64_t axis = 0;
  int64_t begin = 0;
  int64_t size = 0;
};

/// One tensor of the file as the model adapter declares it, in file order.
struct DeclaredTensor {
  std::string source;          // name in checkpoints, with ".weight" or ".bias"; "" for generated ones
  std::string name;            // name in the file
  std::vector<int64_t> shape;  // of one source tensor
  int64_t rope_heads = 0;      // > 0: rows of every head go from halves to pairs, the order llama.cpp rotates in
  float add = 0.0F;            // added to every value (norm weights stored less 1)
  int64_t slice = -1;          // place in a stack of `slices` tensors under one name (experts); -1: it stands alone
  int64_t slices = 0;
  Part part;                  // one source may have several
  std::vector<float> values;  // of generated tensors
  std::string activations;    // when read: the program whose rounding of inputs is asked for; "" for none

  std::vector<int64_t> stored_shape() const;  // of the stack, when it is part of one
};

/// What the adapter says about a model, key "gguf" of ModelSpec::declarations (README.md).
struct Declaration {
  std::string architecture;
  Metadata metadata;  // "general.file_type" holds its place; its value is the format's
  Metadata last;      // set after everything else
  std::vector<DeclaredTensor> tensors;
  std::vector<std::string> vocabularies;  // kinds to try: "sentencepiece", "llama", "gpt2"
  int64_t vocab_size = 0;
  bool space_prefix_from_config = false;  // add_prefix_space of tokenizer_config.json comes first
  std::map<std::string, std::string>
      preprocessor;  // keys whose numbers are in preprocessor_config.json, and where there

  /// A whole number among the metadata, under "<architecture>.<key>"; 0 when it is not there.
  int64_t number(const std::string& key) const;
  bool has_tensor(const std::string& name) const;
};

/// One entry of its "tensors".
DeclaredTensor parse_tensor(const boost::json::object& entry);

/// Reads plan["declarations"]["gguf"]. Throws AR_UNSUPPORTED when the adapter declares nothing.
Declaration read_declaration(const boost::json::object& plan);
/// Of files that llama.cpp loads beside a model (--mmproj), whatever is in them.
constexpr std::string_view kMmprojArchitecture = "clip";

/// Its "mmproj": llama.cpp's second file, of the vision tower. Throws AR_UNSUPPORTED when llama.cpp knows no such
/// tower.
std::optional<Declaration> read_mmproj(const boost::json::object& plan);

}  // namespace ar::gguf
