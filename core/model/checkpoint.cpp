#include "core/model/checkpoint.hpp"

#include <set>
#include <system_error>

#include "core/base/error.hpp"
#include "core/base/json.hpp"
#include "core/base/log.hpp"

namespace ar::model {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSingle = "model.safetensors";
constexpr const char* kIndex = "model.safetensors.index.json";

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

/// Why a folder without safetensors cannot be read: the formats people have instead.
[[noreturn]] void fail_without_weights(const fs::path& folder) {
  std::set<std::string> other;
  std::error_code error;
  for (const auto& item : fs::directory_iterator(folder, error)) {
    const std::string ext = item.path().extension().string();
    if (ext == ".bin" || ext == ".pt" || ext == ".pth" || ext == ".gguf" || ext == ".h5" || ext == ".safetensors") {
      other.insert(item.path().filename().string());
    }
  }
  if (other.empty()) base::fail("{}: there are no weights: neither {} nor {}", folder.string(), kSingle, kIndex);
  base::fail("{}: there is neither {} nor {}, only {}; weights are read from safetensors files with these names",
             folder.string(), kSingle, kIndex, *other.begin());
}

/// Tensor name -> shard name, checked to be plain file names.
std::map<std::string, std::string> read_weight_map(const fs::path& index) {
  const auto json = base::parse_json_file(index);
  const base::JsonCursor weights = base::JsonCursor(json, index.string()).at("weight_map");
  std::map<std::string, std::string> map;
  for (const auto& member : weights.as_object()) {
    const base::JsonCursor entry(member.value(),
                                 fmt::format("{}: weight_map: {}", index.string(), std::string_view(member.key())));
    const std::string file = entry.as_string();
    if (file.empty() || file == "." || file == ".." || file.find('/') != std::string::npos) {
      entry.fail("is \"" + file + "\"; expected the name of a file in the same folder");
    }
    map[std::string(member.key())] = file;
  }
  if (map.empty()) weights.fail("lists no tensor");
  return map;
}

template <typename Tensors, typename Body>
void for_matching(const Tensors& tensors, const std::string& name_or_prefix, Body&& body) {
  if (name_or_prefix.empty()) return;
  const bool prefix = name_or_prefix.back() == '.';
  for (auto it = tensors.lower_bound(name_or_prefix); it != tensors.end(); ++it) {
    const bool hit =
        prefix ? it->first.compare(0, name_or_prefix.size(), name_or_prefix) == 0 : it->first == name_or_prefix;
    if (!hit) break;
    body(it->first, it->second);
  }
}

}  // namespace

Checkpoint::Checkpoint(const fs::path& folder) : folder_(folder) {
  std::error_code error;
  if (!fs::is_directory(folder, error)) base::refuse("{}: there is no such model folder", folder.string());
  if (is_there(folder / kIndex)) {
    add_indexed(folder / kIndex);
  } else if (is_there(folder / kSingle)) {
    add_file(folder / kSingle);
  } else {
    fail_without_weights(folder);
  }
}

void Checkpoint::add_file(const fs::path& path) {
  files_.emplace_back(path);
  for (const TensorEntry& t : files_.back().header().tensors) {
    tensors_.emplace(t.name, Info{t.dtype, t.shape, t.end - t.begin, files_.size() - 1});
  }
}

void Checkpoint::add_indexed(const fs::path& index) {
  const std::map<std::string, std::string> weight_map = read_weight_map(index);
  std::map<std::string, size_t> shards;
  for (const auto& [name, shard] : weight_map) shards.emplace(shard, 0);
  for (auto& [shard, number] : shards) {
    if (!is_there(folder_ / shard)) {
      base::fail("{}: shard {} is missing; {} lists it", folder_.string(), shard, index.filename().string());
    }
    number = files_.size();
    add_file(folder_ / shard);
  }
  for (const auto& [name, shard] : weight_map) {
    const size_t number = shards.at(shard);
    if (!files_[number].contains(name)) {
      base::fail("{}: there is no tensor {}, which {} places there", (folder_ / shard).string(), name,
                 index.filename().string());
    }
    const RawTensor t = files_[number].raw(name);  // of two shards with the name, the index decides
    tensors_.at(name) = {t.dtype, t.shape, t.n_bytes, number};
  }
  for (const auto& [name, info] : tensors_) {
    if (weight_map.count(name) == 0) {
      base::warning("{}: tensor {} is not listed in {}", files_[info.file].path().string(), name,
                    index.filename().string());
    }
  }
}

std::vector<std::string> Checkpoint::names_in_order() const {
  std::vector<std::string> names;
  for (size_t i = 0; i < files_.size(); ++i) {
    for (const TensorEntry& t : files_[i].header().tensors) {
      if (tensors_.at(t.name).file == i) names.push_back(t.name);
    }
  }
  return names;
}

const Checkpoint::Info& Checkpoint::info(const std::string& name) const {
  const auto found = tensors_.find(name);
  if (found == tensors_.end()) base::fail("{}: the checkpoint has no tensor {}", folder_.string(), name);
  return found->second;
}

RawTensor Checkpoint::raw(const std::string& name) const { return file_of(name).raw(name); }

uint64_t Checkpoint::n_bytes() const {
  uint64_t total = 0;
  for (const auto& [name, info] : tensors_) total += info.n_bytes;
  return total;
}

int64_t Checkpoint::n_parameters() const {
  int64_t total = 0;
  for (const auto& [name, info] : tensors_) total += static_cast<int64_t>(info.n_bytes) * 8 / dtype_bits(info.dtype);
  return total;
}

void Checkpoint::prefetch(const std::string& name_or_prefix) const {
  for_matching(tensors_, name_or_prefix,
               [this](const std::string& name, const Info& info) { files_[info.file].prefetch(name); });
}

void Checkpoint::release(const std::string& name_or_prefix) const {
  for_matching(tensors_, name_or_prefix,
               [this](const std::string& name, const Info& info) { files_[info.file].release(name); });
}

}  // namespace ar::model
