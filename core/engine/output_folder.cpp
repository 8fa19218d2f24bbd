#include "core/engine/output_folder.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <regex>
#include <system_error>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "core/base/error.hpp"
#include "core/base/log.hpp"
#include "core/engine/output_file.hpp"

namespace ar::engine {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPartial = ".partial";
constexpr const char* kConfig = "config.json";

/// Makes the folder and its parents; returns those that were missing.
std::vector<fs::path> make_folders(const fs::path& path) {
  std::vector<fs::path> missing;
  std::error_code error;
  for (fs::path p = path; !p.empty() && !fs::exists(p, error); p = p.parent_path()) missing.push_back(p);
  std::reverse(missing.begin(), missing.end());
  for (const fs::path& p : missing) {
    fs::create_directory(p, error);
    if (error) base::fail("{}: cannot create the output folder: {}", p.string(), error.message());
  }
  if (!fs::is_directory(path, error))
    base::fail("{}: exists and is no folder; choose another --output_dir", path.string());
  return missing;
}

/// Only one run may write into a folder; the lock ends with the process.
int lock_folder(const fs::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) base::fail("{}: cannot open the output folder: {}", path.string(), std::strerror(errno));
  if (::flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) return fd;  // some network disks cannot lock
  ::close(fd);
  base::fail("{}: another run is writing into this folder", path.string());
}

/// What belongs to one export as a whole and must not be mixed with another's.
bool belongs_to_export(const std::string& name) {
  static const std::regex pattern(
      R"(model\.safetensors|model-\d{5}-of-\d{5}\.safetensors|model\.safetensors\.index\.json|)"
      R"(model_extra_tensors\.safetensors|config\.json|quantization_config\.json|quantize_config\.json)");
  return std::regex_match(name, pattern);
}

std::vector<std::string> file_names(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& item : fs::directory_iterator(folder, error)) names.push_back(item.path().filename().string());
  if (error) base::fail("{}: cannot list the output folder: {}", folder.string(), error.message());
  return names;
}

bool ends_with(const std::string& text, const std::string& suffix) {
  return text.size() > suffix.size() && text.compare(text.size() - suffix.size(), suffix.size(), suffix) == 0;
}

}  // namespace

OutputFolder::OutputFolder(const fs::path& path) : path_(path.lexically_normal()) {
  if (!path_.has_filename()) path_ = path_.parent_path();  // a trailing slash
  if (path_.empty()) path_ = ".";
  made_ = make_folders(path_);
  lock_ = lock_folder(path_);
  try {
    remove_stale_partials();
    if (!file_names(path_).empty()) {
      base::warning("{} exists already: files of the same name are replaced", path_.string());
    }
  } catch (...) {
    ::close(lock_);
    throw;
  }
}

OutputFolder::~OutputFolder() {
  if (!published_ && !keep_) {
    for (const fs::path& p : partials_) remove_quietly(p);
    // Only empty ones go.
    for (auto p = made_.rbegin(); p != made_.rend(); ++p) (void)::rmdir(p->c_str());
  }
  ::close(lock_);
}

fs::path OutputFolder::partial(const std::string& name) {
  if (name.empty() || name == "." || name == ".." || name.find('/') != std::string::npos || ends_with(name, kPartial)) {
    base::fail("{}: \"{}\" is no name for an output file; expected a plain file name", path_.string(), name);
  }
  fs::path p = path_ / (name + kPartial);
  partials_.insert(p);
  return p;
}

void OutputFolder::remove_stale_partials() const {
  for (const std::string& name : file_names(path_)) {
    if (ends_with(name, kPartial)) remove_file(path_ / name);
  }
}

void OutputFolder::remove_replaced(const std::set<std::string>& kept) const {
  for (const std::string& name : file_names(path_)) {
    if (belongs_to_export(name) && kept.count(name) == 0) remove_file(path_ / name);
  }
}

void OutputFolder::publish(std::vector<Item> items) {
  std::set<std::string> final_names;
  for (const Item& item : items) {
    OutputFile::open(partial(item.staged_name)).sync();
    final_names.insert(item.final_name);
  }
  remove_file(path_ / kConfig);
  std::stable_partition(items.begin(), items.end(), [](const Item& item) { return item.final_name != kConfig; });
  for (const Item& item : items) {
    if (item.final_name == kConfig) {
      remove_replaced(final_names);
      sync_folder(path_);
    }
    rename_file(partial(item.staged_name), path_ / item.final_name);
  }
  remove_replaced(final_names);
  sync_folder(path_);
  published_ = true;
}

}  // namespace ar::engine
