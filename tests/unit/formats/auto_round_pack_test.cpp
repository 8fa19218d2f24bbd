#include <random>

#include "common/real.hpp"
#include "tests/unit/formats/format_fixture.hpp"

namespace ar::test {
namespace {

constexpr const char* kName = "model.layers.0.proj";

/// The toy layer of formats.md section 8 with random planes; scales of both signs.
OwnedLayer toy_layer(const ar_scheme& s, int64_t out = 64, int64_t in = 64, float zero_point = -1) {
  std::mt19937 random(5);
  const int64_t group = s.group_size > 0 ? s.group_size : in;
  const int64_t groups = (in + group - 1) / group;
  std::vector<uint8_t> codes(static_cast<size_t>(out * in));
  for (auto& c : codes) c = static_cast<uint8_t>(random() & ((1U << s.bits) - 1U));
  std::vector<uint16_t> scales(static_cast<size_t>(out * groups));
  for (auto& x : scales) x = static_cast<uint16_t>(0x2000U | (random() & 0x8FFFU));
  OwnedLayer layer(kName, s, out, in);
  layer.add({"codes", AR_DTYPE_U8, {out, in}, codes});
  layer.add({"scale", AR_DTYPE_F16, {out, groups}, scales});
  if (s.sym == 0) {
    std::vector<float> zeros(scales.size());
    for (auto& z : zeros) z = zero_point >= 0 ? zero_point : static_cast<float>(1 + random() % ((1U << s.bits) - 1U));
    layer.add({"zero_point", AR_DTYPE_F32, {out, groups}, zeros});
  }
  layer.add({"bias", AR_DTYPE_F32, {out}, std::vector<float>(static_cast<size_t>(out), 0.1F)});
  return layer;
}

std::string failure(const std::string& format, OwnedLayer layer, const ar_scheme& s) {
  Writer writer(auto_round_api(), plan_text(format, s));
  MemoryTarget packed;
  ar_error err{};
  return writer.pack(layer.raw(), packed, &err) == AR_OK ? "" : err.text;
}

struct Shapes {
  const char* format;
  int bits;
  bool sym;
  std::vector<int64_t> qweight, qzeros;
};

TEST(AutoRoundPack, ShapesAreThoseOfTheToyModel) {
  const std::vector<Shapes> cases = {
      {"auto_round", 4, true, {8, 64}, {2, 8}},         {"auto_round", 3, true, {6, 64}, {2, 6}},
      {"auto_round", 2, true, {4, 64}, {2, 4}},         {"auto_round", 8, true, {16, 64}, {2, 16}},
      {"auto_round", 4, false, {64, 8}, {2, 8}},        {"auto_round", 3, false, {6, 64}, {2, 6}},
      {"auto_round:auto_awq", 4, true, {64, 8}, {2, 8}}};
  for (const Shapes& c : cases) {
    const ar_scheme s = int_scheme(c.bits, 32, c.sym);
    Writer writer(auto_round_api(), plan_text(c.format, s));
    MemoryTarget packed;
    OwnedLayer layer = toy_layer(s);
    ar_error err{};
    ASSERT_EQ(writer.pack(layer.raw(), packed, &err), AR_OK) << err.text;
    const std::string name = kName;
    EXPECT_EQ(packed.at(name + ".qweight").shape(), c.qweight) << c.format << c.bits;
    EXPECT_EQ(packed.at(name + ".qzeros").shape(), c.qzeros) << c.format << c.bits;
    EXPECT_EQ(packed.at(name + ".scales").shape(), (std::vector<int64_t>{2, 64}));
    EXPECT_EQ(packed.at(name + ".scales").dtype(), AR_DTYPE_F16);
    EXPECT_EQ(packed.at(name + ".bias").dtype(), AR_DTYPE_F16);
    EXPECT_EQ(packed.tensors().count(name + ".g_idx"), 0U);
  }
}

TEST(AutoRoundPack, ZeroWordsFollowTheConvention) {
  const std::vector<std::pair<int, uint32_t>> v1 = {{2, 0x55555555U}, {4, 0x77777777U}, {8, 0x7F7F7F7FU}};
  const std::vector<std::pair<int, uint32_t>> plain = {{2, 0xAAAAAAAAU}, {4, 0x88888888U}, {8, 0x80808080U}};
  for (const auto& [format, words] :
       {std::pair{"auto_round:auto_gptq", v1}, std::pair{"auto_round:gptqmodel", plain}}) {
    for (const auto& [bits, word] : words) {
      const ar_scheme s = int_scheme(bits, 32, true);
      Writer writer(auto_round_api(), plan_text(format, s));
      MemoryTarget packed;
      OwnedLayer layer = toy_layer(s);
      ASSERT_EQ(writer.pack(layer.raw(), packed, nullptr), AR_OK);
      for (const uint32_t w : packed.at(std::string(kName) + ".qzeros").values<uint32_t>())
        ASSERT_EQ(w, word) << format;
    }
  }
}

TEST(AutoRoundPack, GptqModelNamesTheGroupOfEveryInput) {
  const ar_scheme s = int_scheme(4, 48, true);
  Writer writer(auto_round_api(), plan_text("auto_round:gptqmodel", s));
  MemoryTarget packed;
  OwnedLayer layer = toy_layer(s);
  ASSERT_EQ(writer.pack(layer.raw(), packed, nullptr), AR_OK);
  const auto index = packed.at(std::string(kName) + ".g_idx").values<int32_t>();
  ASSERT_EQ(index.size(), 64U);
  for (int32_t i = 0; i < 64; ++i) EXPECT_EQ(index[static_cast<size_t>(i)], i / 48);
}

TEST(AutoRoundPack, V1KeepsZeroPointZeroAtZeroAndSaysSo) {
  const ar_scheme s = int_scheme(4, 32, false);
  Writer writer(auto_round_api(), plan_text("auto_round:auto_gptq", s));
  MemoryTarget packed;
  OwnedLayer layer = toy_layer(s, 32, 32, 0);
  ASSERT_EQ(writer.pack(layer.raw(), packed, nullptr), AR_OK);
  for (const uint32_t w : packed.at(std::string(kName) + ".qzeros").values<uint32_t>()) EXPECT_EQ(w, 0U);
  ASSERT_EQ(writer.host().lines().size(), 1U);
  EXPECT_EQ(writer.host().lines()[0],
            "layer 'model.layers.0.proj': 32 groups have zero point 0, which the GPTQ v1 layout reads back as 1; "
            "auto_round:gptqmodel stores them as they are");
}

TEST(AutoRoundPack, RefusesWhatDoesNotFitAndNamesTheLayer) {
  const ar_scheme asym = int_scheme(4, 32, false);
  EXPECT_EQ(failure("auto_round:gptqmodel", toy_layer(asym, 32, 32, 16), asym),
            "layer 'model.layers.0.proj': zero point 16.000000: must be a whole number from 0 to 15");
  EXPECT_EQ(failure("auto_round:gptqmodel", toy_layer(asym, 32, 32, 2.5F), asym),
            "layer 'model.layers.0.proj': zero point 2.500000: must be a whole number from 0 to 15");
  EXPECT_EQ(failure("auto_round:auto_gptq", toy_layer(asym, 33, 64), asym),
            "layer 'model.layers.0.proj': 33 x 64: both dimensions must be multiples of 32 to fill whole words");
  EXPECT_EQ(failure("auto_round:auto_awq", toy_layer(asym, 32, 80), asym),
            "layer 'model.layers.0.proj': 32 x 80 with group_size 32: the AWQ layout needs out % 8 == 0 and in % "
            "group_size == 0");
  OwnedLayer wide("x", int_scheme(2, 32, true), 32, 32);
  wide.add({"codes", AR_DTYPE_U8, {32, 32}, std::vector<uint8_t>(1024, 4)});
  wide.add({"scale", AR_DTYPE_F16, {32, 1}, std::vector<uint16_t>(32, 0)});
  EXPECT_EQ(failure("auto_round", std::move(wide), int_scheme(2, 32, true)), "layer 'x': a code does not fit 2 bits");
  EXPECT_EQ(failure("auto_round", OwnedLayer("x", int_scheme(4, 32, true), 32, 32), int_scheme(4, 32, true)),
            "layer 'x' comes without the plane 'codes'");
}

struct RoundTrip {
  const char* format;
  int bits;
  int group;
  bool sym;
};
void PrintTo(const RoundTrip& r, std::ostream* out) { *out << r.format << " " << r.bits << " bits group " << r.group; }
class AutoRoundRoundTrip : public testing::TestWithParam<RoundTrip> {};
INSTANTIATE_TEST_SUITE_P(Layouts, AutoRoundRoundTrip,
                         testing::Values(RoundTrip{"auto_round", 2, 32, true}, RoundTrip{"auto_round", 3, 64, true},
                                         RoundTrip{"auto_round", 4, -1, true}, RoundTrip{"auto_round", 8, 128, true},
                                         RoundTrip{"auto_round", 2, 32, false}, RoundTrip{"auto_round", 3, 100, false},
                                         RoundTrip{"auto_round", 4, 32, false},
                                         RoundTrip{"auto_round:auto_gptq", 4, 32, false},
                                         RoundTrip{"auto_round:gptqmodel", 4, 1000, false},
                                         RoundTrip{"auto_round:auto_awq", 4, 64, true}));

TEST_P(AutoRoundRoundTrip, UnpackGivesThePlanesBack) {
  const RoundTrip p = GetParam();
  const ar_scheme s = int_scheme(p.bits, p.group, p.sym);
  Writer writer(auto_round_api(), plan_text(p.format, s));
  OwnedLayer layer = toy_layer(s, 96, 320);
  const ar_layer& raw = layer.raw();
  MemoryTarget packed;
  ar_error err{};
  ASSERT_EQ(writer.pack(raw, packed, &err), AR_OK) << err.text;
  std::vector<ar_tensor> stored;
  for (const auto& [name, tensor] : packed.tensors()) stored.push_back(tensor.raw());
  MemoryTarget planes;
  ASSERT_EQ(auto_round_api().unpack(writer.raw(), &raw, stored.data(), stored.size(), planes.sink(), &err), AR_OK)
      << err.text;
  EXPECT_EQ(planes.tensors().count("zero_point"), p.sym ? 0U : 1U);
  for (size_t i = 0; i < raw.n_planes; ++i) {
    const TensorView expected(raw.planes[i]);
    const OwnedTensor& got = planes.at(expected.name());
    EXPECT_EQ(got.shape(), expected.shape());
    EXPECT_EQ(got.bytes(), std::string(static_cast<const char*>(expected.bytes()), expected.n_bytes()))
        << expected.name();
  }
}

TEST(FakePack, StoresTheDequantizedWeight) {
  const ar_scheme s = int_scheme(4, 32, true);
  Writer writer(fake_api(), plan_text("fake", s));
  OwnedLayer layer(kName, s, 2, 3);
  layer.add({"weight", AR_DTYPE_BF16, {2, 3}, std::vector<uint16_t>{1, 2, 3, 4, 5, 6}});
  layer.add({"bias", AR_DTYPE_BF16, {2}, std::vector<uint16_t>{7, 8}});
  MemoryTarget packed;
  ASSERT_EQ(writer.pack(layer.raw(), packed, nullptr), AR_OK);
  EXPECT_EQ(packed.at("model.layers.0.proj.weight").values<uint16_t>(), (std::vector<uint16_t>{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(packed.at("model.layers.0.proj.bias").values<uint16_t>(), (std::vector<uint16_t>{7, 8}));

  ar_layer conv1d = layer.raw();
  conv1d.conv1d = 1;
  MemoryTarget turned;
  ASSERT_EQ(writer.pack(conv1d, turned, nullptr), AR_OK);
  EXPECT_EQ(turned.at("model.layers.0.proj.weight").shape(), (std::vector<int64_t>{3, 2}));
  EXPECT_EQ(turned.at("model.layers.0.proj.weight").values<uint16_t>(), (std::vector<uint16_t>{1, 4, 2, 5, 3, 6}));
}

TEST(FakeFinish, WritesNoQuantizationConfig) {
  Writer writer(fake_api(), plan_text("fake", int_scheme(4, 32, true)));
  ASSERT_EQ(fake_api().finish(writer.raw(), nullptr), AR_OK);
  ASSERT_EQ(writer.target().files().size(), 1U);
  EXPECT_EQ(writer.target().files().at("config.json"), "{\n  \"dtype\": \"bfloat16\"\n}\n");
}

}  // namespace
}  // namespace ar::test
