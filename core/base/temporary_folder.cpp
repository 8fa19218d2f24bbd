#include "core/base/temporary_folder.hpp"

#include <cerrno>
#include <cstdlib>
#include <string>
#include <system_error>

#include "core/base/error.hpp"

namespace ar::base {

TemporaryFolder::TemporaryFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "auto-round-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr)
    fail("{}: cannot be made: {}", pattern, std::generic_category().message(errno));
  path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;  // nothing depends on it any more
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace ar::base
