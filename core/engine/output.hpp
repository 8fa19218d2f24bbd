#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ar/host.h"
#include "core/engine/staging_sink.hpp"

namespace ar::engine {

struct OutputOptions {
  uint64_t shard_bytes = uint64_t{5} << 30U;  // shard_limit()
  bool one_file = false;                      // the format streams a file of its own: no shards
};

/// Shard limit of formats.md 5.4 for a model of so many parameters: 1 to 5 GiB.
uint64_t shard_limit(int64_t n_parameters);

/// The output folder of one format. Tensors stream to disk as they come; everything lies under "<name>.partial" until
/// commit(), which flushes and gives final names, config.json last. Destroyed without commit() it removes what it
/// wrote, unless keep_partial() was called. Failures throw base::Error naming file and cause (through the C tables:
/// AR_IO with that text).
///
/// Bytes do not depend on threads when tensors are begun in a fixed order: write from one thread, or collect with
/// StagingSink per layer and append() in order.
class Output {
 public:
  explicit Output(const std::filesystem::path& folder, const OutputOptions& options = {});
  ~Output();
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  /// For ar_format_api.open; lives as long as this object.
  const ar_target* target() const;
  const std::filesystem::path& folder() const;

  // [serial]
  void append(const StagingSink& staged);
  void write_file(const std::string& name, std::string_view bytes);
  /// Copies a file of the source model under its own name; later write_file of that name replaces it.
  void copy_side_file(const std::filesystem::path& source);
  /// Makes the folder complete. Weight files and configs of an earlier output that are not part of this one are
  /// removed.
  void commit();
  /// An interrupted run keeps its partial files for inspection.
  void keep_partial();

  /// Names of the tensors written so far, in order, and the size of everything after commit().
  std::vector<std::string> tensor_names() const;
  uint64_t n_bytes() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ar::engine
