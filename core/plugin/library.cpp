#include "core/plugin/library.hpp"

#include <mutex>
#include <vector>

#include <boost/dll/shared_library.hpp>

#include "core/plugin/elf.hpp"
#include "core/plugin/verify.hpp"

namespace ar::plugin {
namespace {

constexpr const char* kEntry = "ar_plugin_entry";

/// Keeps what it is given until the process ends; reachable, so leak checkers agree that it is on purpose.
void keep_open(boost::dll::shared_library library) {
  static std::mutex mutex;
  static auto& libraries = *new std::vector<boost::dll::shared_library>;
  const std::lock_guard<std::mutex> lock(mutex);
  libraries.push_back(std::move(library));
}

/// Boost wraps the linker's text: "... (dlerror system message: TEXT): Bad file descriptor [...]".
std::string linker_text(const std::string& what) {
  static const std::string kBefore = "dlerror system message: ";
  const std::size_t begin = what.find(kBefore);
  const std::size_t end = what.rfind("): ");
  if (begin == std::string::npos || end == std::string::npos) return what;
  return what.substr(begin + kBefore.size(), end - begin - kBefore.size());
}

}  // namespace

const ar_plugin_desc* open_library(const std::string& absolute_path) {
  // The linker's own words for a foreign machine are "No such file or directory".
  if (const std::string foreign = foreign_machine(absolute_path); !foreign.empty()) {
    throw Rejection("it cannot be opened: " + foreign);
  }
  boost::dll::shared_library library;
  try {
    // The throwing overload: the one with an error code loses the linker's text.
    library.load(absolute_path, boost::dll::load_mode::rtld_now | boost::dll::load_mode::rtld_local);
  } catch (const std::exception& e) {
    throw Rejection("it cannot be opened: " + linker_text(e.what()));
  }
  ar_plugin_entry_fn entry = nullptr;
  if (library.has(kEntry)) entry = &library.get<const ar_plugin_desc*()>(kEntry);
  keep_open(std::move(library));
  if (entry == nullptr) throw Rejection(std::string("it exports no ") + kEntry + ", so it is no plugin");
  return call_entry(entry, kEntry);
}

const ar_plugin_desc* call_entry(ar_plugin_entry_fn entry, const char* symbol) {
  const ar_plugin_desc* desc = nullptr;
  try {
    desc = entry();
  } catch (const std::exception& e) {
    throw Rejection(std::string(symbol) + " threw an exception: " + e.what());
  } catch (...) {
    throw Rejection(std::string(symbol) + " threw an exception");
  }
  if (desc == nullptr) throw Rejection(std::string(symbol) + " returned no descriptor");
  return desc;
}

}  // namespace ar::plugin
