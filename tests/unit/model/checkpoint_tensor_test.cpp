#include "core/model/checkpoint_tensor.hpp"

#include <cstring>

#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/ones.h>
#include <gtest/gtest.h>

#include "tests/unit/expect_error.hpp"
#include "tests/unit/model/safetensors_bytes.hpp"
#include "tests/unit/temp_folder.hpp"

namespace ar::model {
namespace {

TEST(CheckpointTensor, ViewsTheMapping) {
  const test::TempFolder folder;
  const at::Tensor x = at::arange(6, at::kFloat).view({2, 3});
  write_safetensors(folder / "model.safetensors", {{"b", at::ones({3}, at::kBFloat16)}, {"x", x}});
  at::Tensor view;
  {
    const Checkpoint c(folder.path());
    view = tensor(c, "x");
    EXPECT_EQ(static_cast<const void*>(c.raw("x").data), view.const_data_ptr()) << "no copy";
    EXPECT_EQ(tensor(c, "b").scalar_type(), at::kBFloat16);
  }
  EXPECT_TRUE(at::equal(view, x)) << "the view keeps the file mapped";
}

TEST(CheckpointTensor, CopiesWhatIsNotAligned) {
  const test::TempFolder folder;
  const std::string json = R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
                           R"("x":{"dtype":"F32","shape":[1],"data_offsets":[1,5]}})";
  const float value = 1.5F;
  std::string data(5, '\0');
  std::memcpy(data.data() + 1, &value, sizeof value);
  folder.write("model.safetensors", test::safetensors_bytes(json + std::string((8 - json.size() % 8) % 8, ' '), data));
  const at::Tensor x = tensor(Checkpoint(folder.path()), "x");
  EXPECT_EQ(x.item<float>(), value);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(x.const_data_ptr()) % sizeof(float), 0U);
}

TEST(CheckpointTensor, ReadsWholeFiles) {
  const test::TempFolder folder;
  const at::Tensor ids = at::arange(4, at::kLong).view({1, 4});
  write_safetensors(folder / "in.safetensors", {{"input_ids", ids}, {"mask", at::ones({1, 4}, at::kBool)}});
  const auto tensors = read_safetensors(folder / "in.safetensors");
  ASSERT_EQ(tensors.size(), 2U);
  EXPECT_TRUE(at::equal(tensors.at("input_ids"), ids));
  EXPECT_EQ(test::list_folder(folder.path()), std::set<std::string>{"in.safetensors"});
}

TEST(CheckpointTensor, NamesWhatCannotBeComputedWith) {
  const test::TempFolder folder;
  folder.write("f.safetensors",
               test::safetensors_bytes(R"({"t":{"dtype":"F4","shape":[2],"data_offsets":[0,1]}})", "x"));
  test::expect_error(base::Exit::kFailed, {"f.safetensors", "tensor t", "F4"},
                     [&] { read_safetensors(folder / "f.safetensors"); });
  test::expect_error(base::Exit::kFailed, {"none/out.safetensors"},
                     [&] { write_safetensors(folder / "none/out.safetensors", {}); });
}

}  // namespace
}  // namespace ar::model
