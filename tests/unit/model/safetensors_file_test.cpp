#include "core/model/safetensors_file.hpp"

#include <gtest/gtest.h>

#include "core/model/safetensors_writer.hpp"
#include "tests/unit/expect_error.hpp"
#include "tests/unit/model/safetensors_bytes.hpp"
#include "tests/unit/temp_folder.hpp"

namespace ar::model {
namespace {

using base::Exit;
using test::expect_error;
using test::safetensors_bytes;

SafetensorsHeader parse(const std::string& bytes) {
  return parse_safetensors_header(bytes, bytes.size(), "f.safetensors");
}

/// A tensor "t" with the given fields over `n_data` bytes of data.
std::string tensor_file(const std::string& fields, size_t n_data) {
  return safetensors_bytes("{\"t\":{" + fields + "}}", std::string(n_data, 'x'));
}

TEST(SafetensorsHeader, ReadsTensorsByOffsetAndMetadata) {
  const auto header = parse(safetensors_bytes(
      R"({"__metadata__":{"format":"pt"},"b":{"dtype":"BF16","shape":[2,1],"data_offsets":[1,5]},)"
      R"("a":{"dtype":"U8","shape":[],"data_offsets":[0,1]},)"
      R"("none":{"dtype":"F32","shape":[0,3],"data_offsets":[5,5]}})",
      "12345"));
  ASSERT_EQ(header.tensors.size(), 3U);
  EXPECT_EQ(header.tensors[0].name, "a");
  EXPECT_EQ(header.tensors[1].shape, (std::vector<int64_t>{2, 1}));
  EXPECT_EQ(header.metadata.at("format"), "pt");
}

TEST(SafetensorsHeader, NamesGitLfsPointer) {
  const std::string pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n";
  expect_error(Exit::kFailed, {"f.safetensors", "Git LFS pointer"}, [&] { parse(pointer); });
}

TEST(SafetensorsHeader, RefusesTruncatedFiles) {
  expect_error(Exit::kFailed, {"truncated"}, [] { parse(""); });
  expect_error(Exit::kFailed, {"truncated"}, [] { parse("1234567"); });
  expect_error(Exit::kFailed, {"truncated"}, [] { parse(safetensors_bytes("{}", "", 100)); });
  const std::string cut = tensor_file(R"("dtype":"F32","shape":[2],"data_offsets":[0,8])", 7);
  expect_error(Exit::kFailed, {"tensor t", "truncated", "7"}, [&] { parse(cut); });
}

TEST(SafetensorsHeader, RefusesAbsurdLengths) {
  expect_error(Exit::kFailed, {"not a safetensors file"}, [] { parse(safetensors_bytes("{}", "", int64_t{1} << 40)); });
  expect_error(Exit::kFailed, {"not a safetensors file"}, [] { parse(std::string(16, '\xff')); });
}

TEST(SafetensorsHeader, RefusesBadJson) {
  expect_error(Exit::kFailed, {"f.safetensors"}, [] { parse(safetensors_bytes("{", "")); });
  expect_error(Exit::kFailed, {"f.safetensors"}, [] { parse(safetensors_bytes("[]", "")); });
  expect_error(Exit::kFailed, {"tensor t"}, [] { parse(safetensors_bytes(R"({"t":1})", "")); });
}

TEST(SafetensorsHeader, RefusesRepeatedNames) {
  const std::string t = R"({"dtype":"U8","shape":[1],"data_offsets":[0,1]})";
  expect_error(Exit::kFailed, {"has t twice"},
               [&] { parse(safetensors_bytes("{\"t\":" + t + ",\"t\":" + t + "}", "x")); });
  expect_error(Exit::kFailed, {"has dtype twice"},
               [&] { parse(tensor_file(R"("dtype":"F32","dtype":"U8","shape":[1],"data_offsets":[0,1])", 1)); });
}

TEST(SafetensorsHeader, RefusesFieldsThatDisagree) {
  expect_error(Exit::kFailed, {"tensor t", "dtype F31"},
               [] { parse(tensor_file(R"("dtype":"F31","shape":[1],"data_offsets":[0,4])", 4)); });
  expect_error(Exit::kFailed, {"tensor t", "do not fit its shape"},
               [] { parse(tensor_file(R"("dtype":"F32","shape":[3],"data_offsets":[0,8])", 8)); });
  expect_error(Exit::kFailed, {"tensor t", "negative"},
               [] { parse(tensor_file(R"("dtype":"F32","shape":[-1],"data_offsets":[0,8])", 8)); });
  expect_error(Exit::kFailed, {"tensor t", "do not fit its shape"}, [] {
    parse(
        tensor_file(R"("dtype":"U8","shape":[4294967296,4294967296,2],"data_offsets":[0,0])", 0));  // product overflows
  });
  expect_error(Exit::kFailed, {"ends before"},
               [] { parse(tensor_file(R"("dtype":"F32","shape":[1],"data_offsets":[8,4])", 8)); });
  expect_error(Exit::kFailed, {"two numbers"},
               [] { parse(tensor_file(R"("dtype":"F32","shape":[1],"data_offsets":[0])", 4)); });
  expect_error(Exit::kFailed, {"tensor t", "shape"},
               [] { parse(tensor_file(R"("dtype":"F32","data_offsets":[0,4])", 4)); });
}

TEST(SafetensorsHeader, RefusesOverlapsGapsAndRests) {
  const auto two = [](const char* first, const char* second, size_t n) {
    return safetensors_bytes(std::string(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":)") + first +
                                 R"(},"b":{"dtype":"U8","shape":[4],"data_offsets":)" + second + "}}",
                             std::string(n, 'x'));
  };
  expect_error(Exit::kFailed, {"tensor b overlap"}, [&] { parse(two("[0,4]", "[2,6]", 6)); });
  expect_error(Exit::kFailed, {"before the data of tensor b"}, [&] { parse(two("[0,4]", "[6,10]", 10)); });
  expect_error(Exit::kFailed, {"3 bytes after the last"}, [&] { parse(two("[0,4]", "[4,8]", 11)); });
}

TEST(SafetensorsFile, MapsPrefetchesAndReleases) {
  const test::TempFolder folder;
  const SafetensorsFile file(folder.write("f.safetensors", test::one_tensor("t")));
  EXPECT_EQ(file.raw("t").n_bytes, 8U);
  file.prefetch("t");
  file.release("t");
  EXPECT_EQ(file.raw("t").data[7], std::byte{1}) << "released pages are read again";
  expect_error(Exit::kFailed, {"f.safetensors", "no tensor u"}, [&] { (void)file.raw("u"); });
}

TEST(SafetensorsFile, FailsForWhatIsNoFile) {
  const test::TempFolder folder;
  expect_error(Exit::kFailed, {"absent", "No such file"}, [&] { const SafetensorsFile f(folder / "absent"); });
  expect_error(Exit::kFailed, {"not a regular file"}, [&] { const SafetensorsFile f(folder.path()); });
}

TEST(SafetensorsWriter, WritesInTheReferenceOrder) {
  std::vector<TensorEntry> tensors = {{"u", "U8", {3}, 0, 3},    {"b2", "BF16", {2}, 0, 4}, {"f", "F32", {1}, 0, 4},
                                      {"b1", "BF16", {1}, 0, 2}, {"h", "F16", {1}, 0, 2},   {"i", "I32", {1}, 0, 4}};
  lay_out(tensors);
  std::string order;
  for (const auto& t : tensors) order += t.name + " ";
  EXPECT_EQ(order, "f i b1 b2 h u ");
  const std::string bytes = serialize_header(tensors, "pt");
  EXPECT_EQ(bytes.size() % 8, 0U);
  const auto header = parse(bytes + std::string(tensors.back().end, 'x'));
  EXPECT_EQ(header.tensors.size(), tensors.size());
  EXPECT_EQ(header.metadata.at("format"), "pt");
}

}  // namespace
}  // namespace ar::model
