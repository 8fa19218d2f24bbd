#include "core/model/checkpoint.hpp"

#include <fstream>

#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/unit/expect_error.hpp"
#include "tests/unit/model/safetensors_bytes.hpp"
#include "tests/unit/temp_folder.hpp"

namespace ar::model {
namespace {

using base::Exit;
using test::expect_error;
using test::one_tensor;

constexpr const char* kIndex = "model.safetensors.index.json";

TEST(Checkpoint, OpensASingleFile) {
  const test::TempFolder folder;
  folder.write("model.safetensors", one_tensor("model.norm.weight"));
  const Checkpoint c(folder.path());
  EXPECT_EQ(c.names_in_order(), std::vector<std::string>{"model.norm.weight"});
  EXPECT_EQ(c.info("model.norm.weight").dtype, "F32");
  EXPECT_EQ(c.n_bytes(), 8U);
  EXPECT_EQ(c.n_parameters(), 2);
  c.prefetch("model.");
  c.release("model.");
  expect_error(Exit::kFailed, {"no tensor lm_head.weight"}, [&] { (void)c.raw("lm_head.weight"); });
}

TEST(Checkpoint, OpensShardsThroughTheIndex) {
  const test::TempFolder folder;
  folder.write("a.safetensors", one_tensor("x"));
  folder.write("b.safetensors", one_tensor("y"));
  folder.write(kIndex, R"({"metadata":{},"weight_map":{"y":"b.safetensors","x":"a.safetensors"}})");
  const Checkpoint c(folder.path());
  EXPECT_EQ(c.tensors().size(), 2U);
  EXPECT_EQ(c.file_of("y").path().filename(), "b.safetensors");
}

TEST(Checkpoint, LetsTheIndexDecideBetweenTwoShards) {
  const test::TempFolder folder;
  folder.write("a.safetensors", one_tensor("x"));
  folder.write("b.safetensors", test::safetensors_bytes(R"({"x":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
                                                        R"("y":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}})",
                                                        "12"));
  folder.write(kIndex, R"({"weight_map":{"x":"b.safetensors","y":"a.safetensors"}})");
  expect_error(Exit::kFailed, {"a.safetensors", "no tensor y"}, [&] { const Checkpoint c(folder.path()); });
  folder.write("a.safetensors", one_tensor("y"));
  folder.write(kIndex, R"({"weight_map":{"x":"b.safetensors","y":"a.safetensors"}})");
  const Checkpoint c(folder.path());
  EXPECT_EQ(c.info("x").dtype, "U8");
  EXPECT_EQ(c.info("y").dtype, "F32");
  EXPECT_EQ(c.names_in_order().size(), 2U);
}

TEST(Checkpoint, NamesWhatIsMissing) {
  const test::TempFolder folder;
  expect_error(Exit::kUsage, {"no such model folder"}, [&] { const Checkpoint c(folder / "absent"); });
  expect_error(Exit::kFailed, {"there are no weights"}, [&] { const Checkpoint c(folder.path()); });
  folder.write("pytorch_model.bin", "x");
  expect_error(Exit::kFailed, {"pytorch_model.bin", "safetensors"}, [&] { const Checkpoint c(folder.path()); });
  folder.write(kIndex, R"({"weight_map":{"x":"gone.safetensors"}})");
  expect_error(Exit::kFailed, {"gone.safetensors is missing"}, [&] { const Checkpoint c(folder.path()); });
}

TEST(Checkpoint, RefusesAnIndexThatLeavesTheFolder) {
  const test::TempFolder folder;
  folder.write(kIndex, R"({"weight_map":{"x":"../other/model.safetensors"}})");
  expect_error(Exit::kFailed, {"same folder"}, [&] { const Checkpoint c(folder.path()); });
  folder.write(kIndex, R"({"weight_map":{}})");
  expect_error(Exit::kFailed, {"lists no tensor"}, [&] { const Checkpoint c(folder.path()); });
  folder.write(kIndex, R"({"weight_map":{"x":7}})");
  expect_error(Exit::kFailed, {"weight_map", "x"}, [&] { const Checkpoint c(folder.path()); });
}

/// Bytes of this process that are in memory.
int64_t resident_bytes() {
  std::ifstream in("/proc/self/statm");
  int64_t total = 0;
  int64_t resident = 0;
  in >> total >> resident;
  return resident * ::sysconf(_SC_PAGESIZE);
}

TEST(Checkpoint, ReleasedTensorsLeaveMemory) {
  constexpr int64_t kBytes = int64_t{32} << 20U;
  const test::TempFolder folder;
  const std::string n = std::to_string(kBytes);
  folder.write("model.safetensors", test::safetensors_bytes(R"({"model.layers.0.w":{"dtype":"U8","shape":[)" + n +
                                                                R"(],"data_offsets":[0,)" + n + "]}}",
                                                            std::string(kBytes, 'x')));
  const Checkpoint c(folder.path());
  const int64_t before = resident_bytes();
  const RawTensor w = c.raw("model.layers.0.w");
  int64_t sum = 0;
  for (int64_t i = 0; i < kBytes; i += 1024) sum += static_cast<int64_t>(w.data[i]);
  EXPECT_EQ(sum, kBytes / 1024 * 'x');
  EXPECT_GT(resident_bytes() - before, kBytes / 2);
  c.release("model.layers.0.");
  EXPECT_LT(resident_bytes() - before, kBytes / 8);
}

}  // namespace
}  // namespace ar::model
