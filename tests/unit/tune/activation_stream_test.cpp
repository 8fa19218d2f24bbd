#include "core/tune/activation_stream.hpp"

#include <filesystem>

#include <gtest/gtest.h>

#include <ATen/TensorOperators.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/randn.h>

#include "core/base/error.hpp"

namespace ar::tune {
namespace {

TEST(ActivationStream, KeepsItsValuesOnDiskAndLeavesNoFile) {
  const auto folder = std::filesystem::temp_directory_path() / "ar_stream_test";
  std::filesystem::remove_all(folder);
  const at::Tensor values = at::randn({3, 5, 8});
  at::Tensor stream = make_stream(3, 5, 8, folder);
  stream.copy_(values);
  EXPECT_TRUE(at::equal(stream, values));
  EXPECT_TRUE(std::filesystem::is_empty(folder));
  std::filesystem::remove_all(folder);
}

TEST(ActivationStream, NamesTheFolderItCannotUse) {
  try {
    make_stream(1, 1, 1, "/proc/no_such_folder");
    FAIL();
  } catch (const std::exception& e) {
    EXPECT_NE(std::string(e.what()).find("/proc/no_such_folder"), std::string::npos) << e.what();
  }
}

}  // namespace
}  // namespace ar::tune
