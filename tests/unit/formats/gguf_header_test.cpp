#include <cstring>

#include "tests/unit/formats/gguf_fixture.hpp"

namespace ar::gguf {
namespace {

using test::error_of;
using test::small_gguf;

Header parse(const std::string& bytes) { return parse_header(bytes, bytes.size(), "x.gguf"); }
std::string refusal(const std::string& bytes) {
  return error_of([&] { parse(bytes); });
}
/// The file with `value` written over the place behind the first `marker`, `skip` bytes further on.
template <typename T>
std::string damaged(const std::string& marker, size_t skip, T value) {
  std::string bytes = small_gguf();
  std::memcpy(bytes.data() + bytes.find(marker) + marker.size() + skip, &value, sizeof value);
  return bytes;
}

TEST(GgufHeader, ReadsWhatItWrote) {
  const Header header = parse(small_gguf());
  ASSERT_EQ(header.metadata.items().size(), 4U);
  EXPECT_EQ(std::get<std::string>(*header.metadata.find("general.architecture")), "llama");
  EXPECT_EQ(std::get<uint32_t>(*header.metadata.find("llama.block_count")), 1U);
  EXPECT_EQ(strings(std::get<Array>(*header.metadata.find("tokenizer.ggml.tokens"))),
            (std::vector<std::string>{"a", "", "bc"}));
  ASSERT_EQ(header.tensors.size(), 2U);
  EXPECT_EQ(header.tensors[0].shape, (std::vector<int64_t>{3, 32}));
  EXPECT_EQ(header.tensors[1].offset, 64U);  // 54 bytes, aligned
  EXPECT_EQ(header.data_start % kAlignment, 0U);
}

TEST(GgufHeader, ReplacesAValueInItsPlaceAndDropsEmptyOnes) {
  Metadata m;
  m.set("a", uint32_t{1});
  m.set("b", uint32_t{2});
  m.set("a", uint32_t{3});
  m.set("c", std::string());
  ASSERT_EQ(m.items().size(), 2U);
  EXPECT_EQ(m.items()[0].first, "a");
  EXPECT_EQ(std::get<uint32_t>(m.items()[0].second), 3U);
}

TEST(GgufHeader, RefusesEveryTruncation) {
  const std::string whole = small_gguf();
  const size_t header_bytes = parse(whole).data_start;
  for (size_t n = 0; n < whole.size() - 12; ++n) {  // the last tensor's own padding may be missing
    const std::string text = error_of([&] { parse_header(whole.substr(0, std::min(n, header_bytes)), n, "x.gguf"); });
    EXPECT_NE(text.find("x.gguf: "), std::string::npos) << n << " bytes were accepted";
  }
}

TEST(GgufHeader, NamesWhatIsWrong) {
  EXPECT_NE(refusal("GGML1234").find("does not start with the letters GGUF"), std::string::npos);
  EXPECT_NE(refusal(damaged<uint32_t>("GGUF", 0, 1)).find("version 1"), std::string::npos);
  EXPECT_NE(refusal(damaged<uint64_t>("GGUF", 4, 1ULL << 60U)).find("tensors, more than"), std::string::npos);
  EXPECT_NE(refusal(damaged<uint64_t>("GGUF", 12, ~0ULL)).find("keys, more than"), std::string::npos);
  EXPECT_NE(refusal(damaged<uint32_t>("llama.block_count", 0, 77)).find("value type 77"), std::string::npos);
  EXPECT_NE(refusal(damaged<uint32_t>("tokenizer.ggml.tokens", 4, 9)).find("array of arrays"), std::string::npos);
  EXPECT_NE(refusal(damaged<uint64_t>("tokenizer.ggml.tokens", 8, 1ULL << 61U)).find("strings, more than"),
            std::string::npos);
  EXPECT_NE(refusal(damaged<uint64_t>("tokenizer.ggml.scores", 8, 1ULL << 61U)).find("items, more than"),
            std::string::npos);
  EXPECT_NE(refusal(damaged<uint32_t>("token_embd.weight", 0, 9)).find("9 dimensions"), std::string::npos);
  EXPECT_NE(refusal(damaged<uint64_t>("token_embd.weight", 4, 0)).find("a dimension of 0"), std::string::npos);
  EXPECT_NE(refusal(damaged<uint64_t>("token_embd.weight", 4, 33)).find("needs a multiple of 32"), std::string::npos);
  EXPECT_NE(refusal(damaged<uint64_t>("token_embd.weight", 12, 1ULL << 39U)).find("larger than the file"),
            std::string::npos);
  EXPECT_NE(refusal(damaged<uint32_t>("token_embd.weight", 20, 99)).find("type number 99"), std::string::npos);
  EXPECT_NE(refusal(damaged<uint64_t>("output_norm.weight", 16, 3)).find("no multiple of 32"), std::string::npos);
  EXPECT_NE(refusal(damaged<uint64_t>("output_norm.weight", 16, 32)).find("overlap"), std::string::npos);
  EXPECT_NE(refusal(damaged<uint64_t>("output_norm.weight", 16, 1ULL << 63U)).find("behind the end"), std::string::npos);
}

TEST(GgufHeader, RefusesNamesThatAreThereTwice) {
  std::string bytes = small_gguf();
  const std::string key = "tokenizer.ggml.scores";
  bytes.replace(bytes.find(key), key.size(), "tokenizer.ggml.tokens");
  EXPECT_NE(refusal(bytes).find("key 'tokenizer.ggml.tokens' is there twice"), std::string::npos);

  std::vector<TensorEntry> twins{{"x", Type::kF32, {1}, 0}, {"x", Type::kF32, {1}, 0}};
  const uint64_t n = lay_out(twins);
  EXPECT_NE(refusal(serialize_header({}, twins) + std::string(n, '\0')).find("tensor 'x' is there twice"),
            std::string::npos);
}

}  // namespace
}  // namespace ar::gguf
