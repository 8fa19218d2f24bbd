#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "ar/cpp/format_plugin.hpp"
#include "declaration.hpp"
#include "header.hpp"
#include "output_file.hpp"

namespace ar::gguf {

/// A declared tensor and its place in the file; several slices share one place.
struct Place {
  const DeclaredTensor* declared;
  const TensorEntry* entry;
};

/// The name `pack` writes under: slices of a stack are told apart by a number.
std::string packed_name(const DeclaredTensor& tensor);

/// One GGUF file: what an adapter declares for it, where that lies, and the file while it is written.
class DeclaredFile {
 public:
  /// A type for every declared tensor.
  DeclaredFile(Declaration declaration, const std::vector<Type>& types);
  DeclaredFile(const DeclaredFile&) = delete;
  DeclaredFile& operator=(const DeclaredFile&) = delete;

  const Declaration& declaration() const { return declaration_; }
  const std::vector<TensorEntry>& entries() const { return entries_; }

  /// Writes the header and the generated tensors.
  void open(const ar_target& target, const std::string& name, const Metadata& metadata);
  /// Where a whole tensor of the checkpoint goes. Throws naming one that has no place.
  const Place& place(const std::string& source) const;
  /// Bytes that were packed under packed_name.
  void store(const TensorView& tensor);
  /// Writes what is made of a tensor of the checkpoint, left alone; false when that is nothing.
  bool add(const TensorView& tensor);
  /// Throws naming a tensor that has not come.
  void finish() { file_->close(); }

 private:
  const Declaration declaration_;
  std::vector<TensorEntry> entries_;                               // the file's tensors, in order
  std::unordered_map<std::string, std::vector<Place>> by_source_;  // checkpoint names
  std::unordered_map<std::string, Place> by_packed_;
  std::unique_ptr<OutputFile> file_;
};

}  // namespace ar::gguf
