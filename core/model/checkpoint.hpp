#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "core/model/safetensors_file.hpp"

namespace ar::model {

/// The weights of a model folder by name: model.safetensors, or shards under model.safetensors.index.json.
/// Opening maps every file and checks every header and the index; no weight is read. Immutable: [any] thread.
class Checkpoint {
 public:
  explicit Checkpoint(const std::filesystem::path& folder);

  struct Info {
    std::string dtype;
    std::vector<int64_t> shape;
    uint64_t n_bytes = 0;
    size_t file = 0;  // index into files()
  };
  const std::filesystem::path& folder() const { return folder_; }
  const std::vector<SafetensorsFile>& files() const { return files_; }
  /// Every stored tensor, by name.
  const std::map<std::string, Info>& tensors() const { return tensors_; }
  /// Names in file order (shard after shard, by offset).
  std::vector<std::string> names_in_order() const;
  bool contains(const std::string& name) const { return tensors_.count(name) != 0; }
  const Info& info(const std::string& name) const;
  /// Fails naming the folder and the tensor when there is none.
  RawTensor raw(const std::string& name) const;
  const SafetensorsFile& file_of(const std::string& name) const { return files_[info(name).file]; }
  uint64_t n_bytes() const;
  int64_t n_parameters() const;

  /// A name, or a prefix ending in '.' ("model.layers.3."): its pages are wanted soon / no longer.
  void prefetch(const std::string& name_or_prefix) const;
  void release(const std::string& name_or_prefix) const;

 private:
  void add_file(const std::filesystem::path& path);
  void add_indexed(const std::filesystem::path& index);

  std::filesystem::path folder_;
  std::vector<SafetensorsFile> files_;
  std::map<std::string, Info> tensors_;
};

}  // namespace ar::model
