#include "core/engine/source_file.hpp"

#include <algorithm>
#include <fstream>

#include "core/base/error.hpp"
#include "core/base/json.hpp"
#include "core/engine/plugin_error.hpp"

namespace ar::engine {
namespace {

namespace fs = std::filesystem;

ar_status keep_text(void* to, const char* text, size_t n_bytes) {
  static_cast<std::string*>(to)->assign(text, n_bytes);
  return AR_OK;
}

ar_status write_file(void* to, const char* name, const char* bytes, size_t n_bytes) {
  const fs::path file = name;
  if (file != file.filename()) return AR_INVALID_ARGUMENT;  // a name, no way out of the folder
  std::ofstream out(*static_cast<const fs::path*>(to) / file, std::ios::binary);
  out.write(bytes, static_cast<std::streamsize>(n_bytes));
  out.close();
  return out ? AR_OK : AR_IO;
}

}  // namespace

SourceFile::SourceFile(const plugin::Format& plugin, const fs::path& path) : plugin_(plugin), path_(path) {
  ar_error err{};
  const ar_status status = plugin_.api.open_source(path.c_str(), &source_, &description_, keep_text, &err);
  try {
    require_ok(status, err, plugin_, std::string("format ") + plugin_.desc->id);  // its text names the file
    json_ = base::parse_json(description_, path_.string());
  } catch (...) {
    plugin_.api.close_source(source_);
    throw;
  }
}

SourceFile::~SourceFile() { plugin_.api.close_source(source_); }

void SourceFile::read(const std::string& name, const std::string& declared, const StagingSink& sink) const {
  ar_error err{};
  require_ok(plugin_.api.read_source(source_, declared.c_str(), sink.sink(), &err), err, plugin_,
             path_.string() + ": tensor '" + name + "'");
}

std::string SourceFile::part() const { return base::JsonCursor(json_, path_.string()).get_string("part", ""); }

void SourceFile::require_model() const {
  if (const std::string held = part(); !held.empty())
    base::refuse("{}: holds {}, which is no model by itself; give the language model's file", path_.string(), held);
}

void SourceFile::write_tokenizer(const fs::path& folder) const {
  require_model();
  constexpr const char* kInstead = "give --tokenizer DIR, a folder with tokenizer.json";
  if (plugin_.api.source_tokenizer == nullptr) {
    base::refuse("{}: format {} reads no tokenizer from a file; {}", path_.string(), plugin_.desc->id, kInstead);
  }
  ar_error err{};
  fs::path to = folder;
  const ar_status status = plugin_.api.source_tokenizer(source_, &to, write_file, &err);
  if (status == AR_UNSUPPORTED || status == AR_NOT_FOUND) {
    base::refuse("{}: its tokenizer cannot be used: {}; {}", path_.string(), err.text, kInstead);
  }
  require_ok(status, err, plugin_, path_.string());
}

const plugin::Format& source_plugin(plugin::Registry& registry, const fs::path& path) {
  const std::string extension = path.extension().string();
  const std::string id = extension.empty() ? "" : extension.substr(1);
  const std::vector<std::string> ids = registry.ids(AR_KIND_FORMAT);
  if (std::find(ids.begin(), ids.end(), id) != ids.end()) {
    if (const plugin::Format& format = registry.format(id); format.api.open_source != nullptr) return format;
  }
  base::refuse("{}: no format plugin reads files that end in '{}'; a model is a folder or a .gguf file", path.string(),
               extension);
}

}  // namespace ar::engine
