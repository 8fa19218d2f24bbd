#include "core/engine/output.hpp"

#include <algorithm>
#include <memory>
#include <set>
#include <system_error>
#include <utility>

#include "core/engine/output_file.hpp"
#include "core/engine/output_folder.hpp"
#include "core/engine/shard_writer.hpp"
#include "core/engine/sink_guard.hpp"

namespace ar::engine {

uint64_t shard_limit(int64_t n_parameters) {
  constexpr int64_t kGiga = 1'000'000'000;
  constexpr int64_t kBytesEach = 8;  // upstream's default of its `bits` argument
  const int64_t gib = (n_parameters * kBytesEach / kGiga / kBytesEach + 9) / 10;
  return static_cast<uint64_t>(std::clamp<int64_t>(gib, 1, 5)) << 30U;
}

class Output::Impl {
 public:
  Impl(const std::filesystem::path& path, const OutputOptions& options)
      : folder_(path),
        shards_([this](const std::string& name) { return folder_.partial(name); }, options.shard_bytes),
        one_file_(options.one_file) {}

  const ar_target* target() const { return &target_; }
  OutputFolder& folder() { return folder_; }
  const ShardWriter& shards() const { return shards_; }
  uint64_t n_bytes() const { return n_bytes_; }

  void append(const StagingSink& staged) {
    for (const StagedTensor& t : staged.tensors()) {
      const Announced announced =
          check_announced(t.name.c_str(), t.dtype, t.shape.data(), static_cast<int32_t>(t.shape.size()));
      ShardWriter::Handle* handle = shards_.begin(t.name, announced);
      shards_.write(handle, t.bytes.data(), t.bytes.size());
      shards_.end(handle);
    }
  }

  OutputFile create(const std::string& name) {
    OutputFile file = OutputFile::create(folder_.partial(name));
    files_.insert(name);
    return file;
  }

  void write_file(const std::string& name, const void* bytes, uint64_t n_bytes) {
    OutputFile file = create(name);
    file.write(bytes, n_bytes);
    file.close();
  }

  void copy_side_file(const std::filesystem::path& source) {
    std::error_code error;
    if (std::filesystem::equivalent(source.parent_path(), folder_.path(), error)) {
      base::fail("{}: the output folder is the model's own; choose another --output_dir", folder_.path().string());
    }
    const OutputFile from = OutputFile::open(source);
    OutputFile to = create(source.filename().string());
    to.copy_from(from, 0, from.size());
    to.close();
  }

  void commit() {
    std::vector<OutputFolder::Item> items;
    for (const ShardWriter::Shard& s : shards_.finish()) items.push_back({s.staged_name, s.final_name});
    const std::string index = shards_.index_json();
    if (!index.empty()) write_file("model.safetensors.index.json", index.data(), index.size());
    for (const std::string& name : files_) items.push_back({name, name});
    for (const OutputFolder::Item& item : items)
      n_bytes_ += std::filesystem::file_size(folder_.partial(item.staged_name));
    folder_.publish(std::move(items));
  }

 private:
  struct Calls;

  OutputFolder folder_;
  ShardWriter shards_;
  bool one_file_;
  std::set<std::string> files_;
  uint64_t n_bytes_ = 0;
  ar_sink sink_ = make_sink();
  ar_target target_ = make_target();
  ar_sink make_sink();
  ar_target make_target();
};

/// The C tables: `ctx` is the Impl, a file handle an OutputFile.
struct Output::Impl::Calls {
  static Impl& self(void* ctx) { return *static_cast<Impl*>(ctx); }

  static ar_status begin(void* ctx, const char* name, ar_dtype dtype, const int64_t* shape, int32_t n_dims,
                         void** handle, ar_error* err) {
    if (self(ctx).one_file_) return ar::set_error(err, AR_UNSUPPORTED, "a one-file format has no shards to write to");
    return sink_guard(err,
                      [&] { *handle = self(ctx).shards_.begin(name, check_announced(name, dtype, shape, n_dims)); });
  }
  static ar_status write(void* ctx, void* handle, const void* bytes, size_t n_bytes, ar_error* err) {
    return sink_guard(err, [&] { self(ctx).shards_.write(static_cast<ShardWriter::Handle*>(handle), bytes, n_bytes); });
  }
  static ar_status end(void* ctx, void* handle, ar_error* err) {
    return sink_guard(err, [&] { self(ctx).shards_.end(static_cast<ShardWriter::Handle*>(handle)); });
  }
  static ar_status write_file(void* ctx, const char* name, const void* bytes, size_t n_bytes, ar_error* err) {
    return sink_guard(err, [&] { self(ctx).write_file(name, bytes, n_bytes); });
  }
  static ar_status file_open(void* ctx, const char* name, void** file, ar_error* err) {
    return sink_guard(err, [&] { *file = std::make_unique<OutputFile>(self(ctx).create(name)).release(); });
  }
  static ar_status file_write(void*, void* file, const void* bytes, size_t n_bytes, ar_error* err) {
    return sink_guard(err, [&] { static_cast<OutputFile*>(file)->write(bytes, n_bytes); });
  }
  static ar_status file_seek(void*, void* file, uint64_t offset, ar_error* err) {
    return sink_guard(err, [&] { static_cast<OutputFile*>(file)->seek(offset); });
  }
  static ar_status file_close(void*, void* file, ar_error* err) {
    const std::unique_ptr<OutputFile> owned(static_cast<OutputFile*>(file));
    return sink_guard(err, [&] { owned->close(); });
  }
};

ar_sink Output::Impl::make_sink() { return {sizeof(ar_sink), this, &Calls::begin, &Calls::write, &Calls::end}; }

ar_target Output::Impl::make_target() {
  return {sizeof(ar_target), this, &sink_, &Calls::write_file, &Calls::file_open, &Calls::file_write, &Calls::file_seek,
          &Calls::file_close};
}

Output::Output(const std::filesystem::path& folder, const OutputOptions& options)
    : impl_(std::make_unique<Impl>(folder, options)) {}
Output::~Output() = default;

const ar_target* Output::target() const { return impl_->target(); }
const std::filesystem::path& Output::folder() const { return impl_->folder().path(); }
void Output::append(const StagingSink& staged) { impl_->append(staged); }
void Output::write_file(const std::string& name, std::string_view bytes) {
  impl_->write_file(name, bytes.data(), bytes.size());
}
void Output::copy_side_file(const std::filesystem::path& source) { impl_->copy_side_file(source); }
void Output::commit() { impl_->commit(); }
void Output::keep_partial() { impl_->folder().keep_partial(); }
std::vector<std::string> Output::tensor_names() const { return impl_->shards().tensor_names(); }
uint64_t Output::n_bytes() const { return impl_->n_bytes(); }

}  // namespace ar::engine
