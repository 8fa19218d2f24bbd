#include "gguf/blocks.hpp"

#include <cmath>
#include <cstring>
#include <random>

#include "common/real.hpp"
#include "tests/unit/formats/gguf_fixture.hpp"

namespace ar::gguf {
namespace {

constexpr int64_t kColumns = 512;

/// A row's planes with room for every type.
struct Row {
  std::vector<uint8_t> codes = std::vector<uint8_t>(kColumns);
  std::vector<float> scale = std::vector<float>(kColumns / 16);
  std::vector<float> zero_point = std::vector<float>(kColumns / 16);
  std::vector<uint8_t> scale_codes = std::vector<uint8_t>(kColumns / 16);
  std::vector<uint8_t> min_codes = std::vector<uint8_t>(kColumns / 16);
  std::vector<float> super_scale = std::vector<float>(kColumns / 256);
  std::vector<float> super_min = std::vector<float>(kColumns / 256);

  MutableRow view(Type type) {
    const TypeInfo& t = info(type);
    const bool legacy_min = !t.two_level() && !t.sym;
    return {codes.data(),       scale.data(),       legacy_min ? zero_point.data() : nullptr, scale_codes.data(),
            min_codes.data(),   super_scale.data(), super_min.data()};
  }
  ConstRow const_view(Type type) {
    const MutableRow v = view(type);
    return {v.codes, v.scale, v.zero_point, v.scale_codes, v.min_codes, v.super_scale, v.super_min};
  }
};

constexpr Type kQuantized[] = {Type::kQ4_0, Type::kQ4_1, Type::kQ5_0, Type::kQ5_1, Type::kQ8_0,
                               Type::kQ2_K, Type::kQ3_K, Type::kQ4_K, Type::kQ5_K, Type::kQ6_K};

class GgufBlocks : public testing::TestWithParam<Type> {};

/// Any bytes are blocks: reading and packing them again must give them back.
TEST_P(GgufBlocks, SurviveUnpackingAndPacking) {
  const TypeInfo& t = info(GetParam());
  std::mt19937 random(7);
  std::vector<uint8_t> blocks(static_cast<size_t>(t.row_bytes(kColumns)));
  for (int repeat = 0; repeat < 50; ++repeat) {
    for (uint8_t& byte : blocks) byte = static_cast<uint8_t>(random());
    Row row;
    unpack_row(t.type, blocks.data(), kColumns, row.view(t.type));
    // Infinities and NaN do not survive the division by which a minimum becomes a zero point; nobody stores them.
    bool finite = true;
    for (const float x : row.scale) finite = finite && std::isfinite(x);
    for (const float x : row.zero_point) finite = finite && std::isfinite(x);
    for (const float x : row.super_scale) finite = finite && std::isfinite(x);
    for (const float x : row.super_min) finite = finite && std::isfinite(x);
    if (!finite) continue;
    std::vector<uint8_t> again(blocks.size());
    pack_row(t.type, row.const_view(t.type), kColumns, again.data());
    ASSERT_EQ(again, blocks) << t.name;
  }
}

TEST_P(GgufBlocks, StandForWhatTheirPlanesSay) {
  const TypeInfo& t = info(GetParam());
  std::mt19937 random(11);
  const auto below = [&](int bits) { return static_cast<uint8_t>(random() & ((1U << static_cast<unsigned>(bits)) - 1U)); };
  const auto half = [&] { return std::ldexp(static_cast<float>(random() % 1024), -14); };  // exact in float16
  Row row;
  for (uint8_t& c : row.codes) c = below(t.bits);
  for (uint8_t& c : row.scale_codes) c = below(t.super_bits);
  for (uint8_t& c : row.min_codes) c = below(t.super_bits);
  for (auto* plane : {&row.scale, &row.super_scale, &row.super_min}) {
    for (float& x : *plane) x = half();
  }
  for (float& z : row.zero_point) z = static_cast<float>(below(t.bits));
  std::vector<uint8_t> blocks(static_cast<size_t>(t.row_bytes(kColumns)));
  pack_row(t.type, row.const_view(t.type), kColumns, blocks.data());
  std::vector<float> values(kColumns);
  dequantize_row(t.type, blocks.data(), kColumns, values.data());

  const int zero = t.sym ? 1 << (t.bits - 1) : 0;
  for (size_t i = 0; i < values.size(); ++i) {
    const size_t g = i / static_cast<size_t>(t.group_size);
    const size_t s = i / 256;
    const auto code = static_cast<float>(row.codes[i] - zero);
    float expected = 0.0F;
    if (!t.two_level()) {
      const float minimum = t.sym ? 0.0F : formats::f16_to_f32(formats::f32_to_f16(-row.zero_point[g] * row.scale[g]));
      expected = row.scale[g] * code + minimum;
    } else {
      const int c = t.type == Type::kQ3_K   ? row.scale_codes[g] - 32
                    : t.type == Type::kQ6_K ? static_cast<int8_t>(row.scale_codes[g])
                                            : row.scale_codes[g];
      expected = row.super_scale[s] * static_cast<float>(c) * code;
      if (!t.sym) expected -= row.super_min[s] * static_cast<float>(row.min_codes[g]);
    }
    ASSERT_EQ(values[i], expected) << t.name << " element " << i;
  }
}

std::string type_name(const testing::TestParamInfo<Type>& of) { return info(of.param).name; }
INSTANTIATE_TEST_SUITE_P(AllTypes, GgufBlocks, testing::ValuesIn(kQuantized), type_name);

/// data_types.md 11.5
TEST(GgufBlockBytes, AreThoseOfTheWorkedExamples) {
  SuperBlock f{};
  const uint8_t scales[] = {1, 2, 3, 4, 21, 38, 55, 63};
  const uint8_t minimums[] = {5, 6, 7, 8, 17, 34, 51, 62};
  std::memcpy(f.scale_codes, scales, sizeof scales);
  std::memcpy(f.min_codes, minimums, sizeof minimums);
  uint8_t block[210];
  pack_super(Type::kQ4_K, f, block);
  const uint8_t q4[] = {0x41, 0x82, 0xC3, 0xC4, 0x45, 0x86, 0xC7, 0xC8, 0x15, 0x26, 0x37, 0xEF};
  EXPECT_EQ(std::memcmp(block + 4, q4, sizeof q4), 0);

  f = {};
  f.codes[0] = 19;
  f.codes[32] = 2;
  pack_super(Type::kQ5_K, f, block);
  EXPECT_EQ(block[48], 0x23);

  f = {};
  const uint8_t q3[] = {0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60, 63, 32, 31};
  std::memcpy(f.scale_codes, q3, sizeof q3);
  pack_super(Type::kQ3_K, f, block);
  const uint8_t packed[] = {0x80, 0xD5, 0x2A, 0x7F, 0xC4, 0xF9, 0x0E, 0xF3, 0xE4, 0xE4, 0xB4, 0x78};
  EXPECT_EQ(std::memcmp(block + 96, packed, sizeof packed), 0);
}

TEST(GgufBlockBytes, KeepTheMinimumOfABlockWithoutAScale) {
  uint8_t block[20] = {};
  const uint16_t minimum = formats::f32_to_f16(-0.75F);
  std::memcpy(block + 2, &minimum, sizeof minimum);
  Row row;
  unpack_row(Type::kQ4_1, block, 32, row.view(Type::kQ4_1));
  EXPECT_NEAR(row.scale[0] * (0.0F - row.zero_point[0]), -0.75F, 1e-6);
  uint8_t again[20];
  pack_row(Type::kQ4_1, row.const_view(Type::kQ4_1), 32, again);
  EXPECT_EQ(std::memcmp(block, again, sizeof block), 0);
}

/// Every quantized tensor of every golden: unpacked into planes and packed again.
TEST(GgufBlockBytes, OfUpstreamSurviveTheRoundTrip) {
  const auto goldens = test::upstream_goldens();
  if (goldens.empty()) GTEST_SKIP() << "the full goldens are not here";
  int n_tensors = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(goldens / "cases")) {
    if (entry.path().extension() != ".gguf") continue;
    const std::string file = test::read_bytes(entry.path());
    const Header header = parse_header(file, file.size(), entry.path().string());
    for (const TensorEntry& t : header.tensors) {
      if (!info(t.type).quantized()) continue;
      ++n_tensors;
      ASSERT_LE(t.columns(), kColumns);
      const auto row_bytes = static_cast<size_t>(info(t.type).row_bytes(t.columns()));
      const auto* blocks = reinterpret_cast<const uint8_t*>(file.data()) + header.data_start + t.offset;
      std::vector<uint8_t> again(row_bytes);
      for (int64_t r = 0; r < t.rows(); ++r, blocks += row_bytes) {
        Row row;
        unpack_row(t.type, blocks, t.columns(), row.view(t.type));
        pack_row(t.type, row.const_view(t.type), t.columns(), again.data());
        ASSERT_EQ(std::memcmp(again.data(), blocks, row_bytes), 0) << entry.path() << " " << t.name << " row " << r;
      }
    }
  }
  EXPECT_GT(n_tensors, 100);
}

}  // namespace
}  // namespace ar::gguf
