#include "core/base/temporary_folder.hpp"

#include <fstream>

#include <gtest/gtest.h>

namespace ar::base {
namespace {

namespace fs = std::filesystem;

TEST(TemporaryFolder, GoesWithWhatIsInIt) {
  fs::path path;
  {
    const TemporaryFolder folder;
    path = folder.path();
    std::ofstream(path / "file") << "x";
    EXPECT_TRUE(fs::exists(path / "file"));
    EXPECT_NE(path, TemporaryFolder().path());
  }
  EXPECT_FALSE(fs::exists(path));
}

}  // namespace
}  // namespace ar::base
