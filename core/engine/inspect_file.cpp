#include "core/engine/inspect_file.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "core/base/error.hpp"
#include "core/base/json.hpp"
#include "core/engine/source_file.hpp"
#include "core/engine/stored_scheme.hpp"

namespace ar::engine {
namespace {

namespace fs = std::filesystem;

/// "gguf" of "model.gguf"
std::string extension(const fs::path& file) {
  const std::string dotted = file.extension().string();
  return dotted.empty() ? "" : dotted.substr(1);
}

std::vector<int64_t> shape_of(const base::JsonCursor& tensor) {
  std::vector<int64_t> shape;
  const base::JsonCursor stored = tensor.at("shape");
  for (std::size_t i = 0; i < stored.size(); ++i) shape.push_back(stored.at(i).as_int());
  return shape;
}

void add_tensor(Inspection& found, const base::JsonCursor& tensor) {
  InspectedTensor t{tensor.get_string("name"), tensor.get_string("type"), shape_of(tensor),
                    static_cast<uint64_t>(tensor.get_int("n_bytes")), found.files.front(), -1};
  if (const auto scheme = tensor.find("scheme")) {
    InspectedLayer layer;
    layer.name = t.name;
    layer.scheme = parse_stored_scheme(*scheme);
    layer.n_bytes = t.n_bytes;
    layer.n_weights = 1;
    for (const int64_t d : t.shape) layer.n_weights *= d;
    t.layer = static_cast<int64_t>(found.layers.size());
    found.layers.push_back(std::move(layer));
  }
  found.tensors.push_back(std::move(t));
}

}  // namespace

std::optional<fs::path> find_model_file(plugin::Registry& registry, const fs::path& path) {
  const std::vector<std::string> ids = registry.ids(AR_KIND_FORMAT);
  const auto known = [&](const fs::path& file) {
    return std::find(ids.begin(), ids.end(), extension(file)) != ids.end();
  };
  if (!fs::is_directory(path)) return known(path) ? std::optional(path) : std::nullopt;
  std::vector<fs::path> files;
  for (const auto& item : fs::directory_iterator(path)) {
    if (item.path().extension() == ".safetensors") return std::nullopt;
    if (item.is_regular_file() && known(item.path())) files.push_back(item.path());
  }
  if (files.size() > 1) {  // a language model, and what is loaded beside it
    const auto is_part = [&](const fs::path& file) {
      return !SourceFile(source_plugin(registry, file), file).part().empty();
    };
    files.erase(std::remove_if(files.begin(), files.end(), is_part), files.end());
  }
  return files.size() == 1 ? std::optional(files.front()) : std::nullopt;
}

Inspection inspect_model_file(plugin::Registry& registry, const fs::path& file) {
  Inspection found;
  found.path = file;
  found.file = found.format = extension(file);
  found.files = {file.filename().string()};
  const SourceFile source(source_plugin(registry, file), file);
  const base::JsonCursor tensors = base::JsonCursor(source.json(), file.string()).at("tensors");
  for (std::size_t i = 0; i < tensors.size(); ++i) add_tensor(found, tensors.at(i));
  StoredAs stored{found.file, "", "", {}, false, !source.part().empty()};
  for (const InspectedLayer& layer : found.layers) stored.schemes.push_back(layer.scheme);
  found.loaders = find_loaders(stored);
  return found;
}

}  // namespace ar::engine
