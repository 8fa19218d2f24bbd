#include "host/launch.hpp"

#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "core/base/error.hpp"

namespace ar::host {

void launch_engine(const std::vector<std::string>& argv) {
  const auto self = std::filesystem::read_symlink("/proc/self/exe");
  const auto engine = self.parent_path().parent_path() / "libexec" / "auto-round-engine";
  std::vector<char*> arguments;
  arguments.reserve(argv.size() + 1);
  for (const auto& argument : argv) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  execv(engine.c_str(), arguments.data());
  base::fail("{}: {}; the installation is incomplete", engine.string(), std::generic_category().message(errno));
}

}  // namespace ar::host
