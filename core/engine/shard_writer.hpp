#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_set>
#include <vector>

#include "core/engine/output_file.hpp"
#include "core/engine/stored_dtype.hpp"
#include "core/model/safetensors_file.hpp"

namespace ar::engine {

/// Streams tensors into safetensors shards of bounded size. A tensor gets its place when it begins, so several may be
/// written at a time; its bytes go to a spool file at once, and a full shard is put together from its spool in the
/// reference writer's order. Memory holds names and shapes only.
class ShardWriter {
 public:
  struct Handle;
  /// `partial` maps a file name to the temporary path it is written under, and remembers it.
  ShardWriter(std::function<std::filesystem::path(const std::string&)> partial, uint64_t shard_bytes);
  ~ShardWriter();

  // [any]; a handle is used by one thread at a time
  Handle* begin(const std::string& name, const Announced& announced);
  void write(Handle* handle, const void* bytes, uint64_t n_bytes) const;
  void end(Handle* handle);

  /// Completes the last shard; fails when a tensor is open or failed. Returns the final names, in order, of the files
  /// that lie under partial(staged name).
  struct Shard {
    std::string staged_name;  // "model-shard-00001.safetensors"
    std::string final_name;   // "model.safetensors" or "model-00001-of-00002.safetensors"
  };
  std::vector<Shard> finish();
  /// Text of model.safetensors.index.json, "" for fewer than two shards. After finish().
  std::string index_json() const;
  std::vector<std::string> tensor_names() const;

 private:
  struct Open;
  void start_shard();
  void seal_shard();
  void assemble(Open& shard) const;

  std::function<std::filesystem::path(const std::string&)> partial_;
  uint64_t shard_bytes_;
  mutable std::mutex mutex_;
  std::unordered_set<std::string> names_;
  std::vector<std::unique_ptr<Open>> shards_;
  std::vector<std::unique_ptr<Handle>> open_;
  std::string failed_;  // name of a tensor that ended incomplete
};

}  // namespace ar::engine
