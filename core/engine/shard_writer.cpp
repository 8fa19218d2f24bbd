#include "core/engine/shard_writer.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>

#include "core/model/safetensors_writer.hpp"

namespace ar::engine {

struct ShardWriter::Open {
  std::string name;                         // without extension
  std::optional<OutputFile> spool;          // closed and removed once assembled
  std::vector<model::TensorEntry> tensors;  // in order of arrival; offsets in the spool
  uint64_t n_bytes = 0;
  int n_open = 0;
  bool sealed = false;
};

struct ShardWriter::Handle {
  Open* shard;
  std::string name;
  uint64_t at;
  uint64_t left;
};

namespace {

std::string quoted(const std::string& text) { return boost::json::serialize(boost::json::string(text)); }

int64_t n_elements(const model::TensorEntry& t) {
  int64_t n = 1;
  for (const int64_t d : t.shape) n *= d;
  return n;
}

std::string final_name(size_t i, size_t n) {
  return n == 1 ? "model.safetensors" : fmt::format("model-{:05}-of-{:05}.safetensors", i + 1, n);
}

}  // namespace

ShardWriter::ShardWriter(std::function<std::filesystem::path(const std::string&)> partial, uint64_t shard_bytes)
    : partial_(std::move(partial)), shard_bytes_(shard_bytes) {}

ShardWriter::~ShardWriter() = default;

void ShardWriter::start_shard() {
  auto shard = std::make_unique<Open>();
  shard->name = fmt::format("model-shard-{:05}", shards_.size() + 1);
  shard->spool.emplace(OutputFile::create(partial_(shard->name + ".data")));
  shards_.push_back(std::move(shard));
}

void ShardWriter::seal_shard() {
  Open& shard = *shards_.back();
  if (shard.sealed) return;
  shard.sealed = true;
  if (shard.n_open == 0) assemble(shard);
}

ShardWriter::Handle* ShardWriter::begin(const std::string& name, const Announced& announced) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!names_.insert(name).second) throw InvalidArgument(fmt::format("tensor {} was begun before", name));
  if (shards_.empty()) start_shard();
  if (shards_.back()->n_bytes > 0 &&
      announced.n_bytes > shard_bytes_ - std::min(shard_bytes_, shards_.back()->n_bytes)) {
    seal_shard();
    start_shard();
  }
  Open& shard = *shards_.back();
  const uint64_t at = shard.n_bytes;
  shard.tensors.push_back({name, announced.dtype, announced.shape, at, at + announced.n_bytes});
  shard.n_bytes += announced.n_bytes;
  ++shard.n_open;
  open_.push_back(std::make_unique<Handle>(Handle{&shard, name, at, announced.n_bytes}));
  return open_.back().get();
}

void ShardWriter::write(Handle* handle, const void* bytes, uint64_t n_bytes) const {
  if (n_bytes > handle->left) {
    throw InvalidArgument(fmt::format("tensor {}: {} bytes more than announced", handle->name, n_bytes - handle->left));
  }
  handle->shard->spool->write_at(handle->at, bytes, n_bytes);
  handle->at += n_bytes;
  handle->left -= n_bytes;
}

void ShardWriter::end(Handle* handle) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto at = std::find_if(open_.begin(), open_.end(), [handle](const auto& h) { return h.get() == handle; });
  const std::unique_ptr<Handle> ended = std::move(*at);
  open_.erase(at);
  Open& shard = *ended->shard;
  --shard.n_open;
  if (ended->left > 0) {
    failed_ = ended->name;
    throw InvalidArgument(fmt::format("tensor {}: {} of the announced bytes are missing", ended->name, ended->left));
  }
  if (shard.sealed && shard.n_open == 0) assemble(shard);
}

/// Header and tensors in their final order, from the spool, which is removed then.
void ShardWriter::assemble(Open& shard) const {
  std::map<std::string, uint64_t> spooled;
  for (const model::TensorEntry& t : shard.tensors) spooled[t.name] = t.begin;
  std::vector<model::TensorEntry> sorted = shard.tensors;
  model::lay_out(sorted);
  OutputFile file = OutputFile::create(partial_(shard.name + ".safetensors"));
  const std::string header = model::serialize_header(sorted, "pt");
  file.write(header.data(), header.size());
  for (const model::TensorEntry& t : sorted) file.copy_from(*shard.spool, spooled.at(t.name), t.end - t.begin);
  file.close();
  remove_file(shard.spool->path());
  shard.spool.reset();
}

std::vector<ShardWriter::Shard> ShardWriter::finish() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!failed_.empty()) base::fail("tensor {} is incomplete: the output cannot be finished", failed_);
  if (!shards_.empty()) seal_shard();
  std::vector<Shard> out;
  for (size_t i = 0; i < shards_.size(); ++i) {
    if (shards_[i]->n_open > 0) base::fail("{}: a tensor was begun and not ended", shards_[i]->name);
    out.push_back({shards_[i]->name + ".safetensors", final_name(i, shards_.size())});
  }
  return out;
}

std::string ShardWriter::index_json() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (shards_.size() < 2) return "";
  uint64_t n_bytes = 0;
  int64_t n_parameters = 0;
  std::string map;
  for (size_t i = 0; i < shards_.size(); ++i) {
    const std::string file = quoted(final_name(i, shards_.size()));
    n_bytes += shards_[i]->n_bytes;
    for (const model::TensorEntry& t : shards_[i]->tensors) {
      n_parameters += n_elements(t);
      map += fmt::format("{}\n    {}: {}", map.empty() ? "" : ",", quoted(t.name), file);
    }
  }
  return fmt::format(
      "{{\n  \"metadata\": {{\n    \"format\": \"safetensors\",\n    \"total_shards\": {},\n"
      "    \"total_parameters\": {},\n    \"total_size\": {}\n  }},\n  \"weight_map\": {{{}\n  }}\n}}\n",
      shards_.size(), n_parameters, n_bytes, map);
}

std::vector<std::string> ShardWriter::tensor_names() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::vector<std::string> names;
  for (const auto& shard : shards_) {
    for (const model::TensorEntry& t : shard->tensors) names.push_back(t.name);
  }
  return names;
}

}  // namespace ar::engine
