// Tensors and configs that upstream wrote (tests/golden/upstream): read into planes, packed again, compared byte by
// byte.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <set>

#include "common/real.hpp"
#include "tests/tools/sha256.hpp"
#include "tests/unit/formats/format_fixture.hpp"

namespace ar::test {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

const fs::path kGolden = fs::path(AR_SOURCE_DIR) / "tests/golden/upstream";

const json::object& expected() {
  static const json::value value = json::parse(read_bytes(kGolden / "expected.json"));
  return value.get_object();
}

/// Cases with packed layers: all but the one that stores plain weights and the one upstream ships hashes of.
std::vector<std::string> packed_cases() {
  std::vector<std::string> names;
  for (const auto& [name, value] : expected()) {
    if (fs::exists(kGolden / "cases" / std::string(name) / "layers.safetensors") && name != "fake-w4a16")
      names.emplace_back(name);
  }
  return names;
}

class UpstreamGolden : public testing::TestWithParam<std::string> {
 protected:
  fs::path folder() const { return kGolden / "cases" / GetParam(); }
  std::string config_text() const { return read_bytes(folder() / "quantization_config.json"); }
  json::object config() const { return json::parse(config_text()).get_object(); }
  std::string packing() const { return std::string(config().at("packing_format").as_string()); }
};

std::string test_name(const testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  for (char& c : name) c = c == '-' ? '_' : c;
  return name;
}

struct Planes {
  MemoryTarget target;
  ar_scheme scheme{};
  const OwnedTensor& at(const char* name) const { return target.at(name); }
  bool has(const char* name) const { return target.tensors().count(name) != 0; }
};

std::deque<OwnedTensor> tensors_of(const std::map<std::string, StoredTensor>& all, const std::string& layer) {
  std::deque<OwnedTensor> own;
  for (const auto& [name, t] : all) {
    if (name.rfind(layer + ".", 0) == 0) own.emplace_back(name, dtype_of(t.dtype), t.shape, t.bytes);
  }
  return own;
}

void read_planes(const std::string& config, const std::string& layer, const std::deque<OwnedTensor>& stored,
                 Planes& planes) {
  std::vector<ar_tensor> raw;
  for (const auto& t : stored) raw.push_back(t.raw());
  ar_layer l{};
  l.struct_size = sizeof l;
  l.name = layer.c_str();
  ar_error err{};
  ASSERT_EQ(auto_round_api().read_layer(config.c_str(), &l, raw.data(), raw.size(), planes.target.sink(), &err), AR_OK)
      << err.text;
  const auto scheme = planes.at("scheme").values<int64_t>();
  planes.scheme = int_scheme(static_cast<int>(scheme[0]), static_cast<int>(scheme[1]), scheme[2] != 0);
}

std::set<std::string> layers_in(const std::map<std::string, StoredTensor>& tensors) {
  std::set<std::string> layers;
  for (const auto& [name, t] : tensors) {
    if (const auto at = name.rfind(".qweight"); at != std::string::npos) layers.insert(name.substr(0, at));
  }
  return layers;
}

/// w = scale * (code - zero_point), in float32.
std::vector<float> dequantized(const Planes& planes) {
  const auto codes = planes.at("codes").values<uint8_t>();
  const auto scales = planes.at("scale").values<uint16_t>();
  const auto zeros = planes.has("zero_point") ? planes.at("zero_point").values<float>() : std::vector<float>();
  const int64_t in = planes.at("codes").shape()[1];
  const int64_t groups = planes.at("scale").shape()[1];
  const int64_t group = planes.scheme.group_size > 0 ? planes.scheme.group_size : in;
  std::vector<float> w(codes.size());
  for (size_t i = 0; i < w.size(); ++i) {
    const auto row = static_cast<int64_t>(i) / in;
    const auto g = static_cast<size_t>(row * groups + (static_cast<int64_t>(i) % in) / group);
    const float zero = zeros.empty() ? static_cast<float>(1 << (planes.scheme.bits - 1)) : zeros[g];
    w[i] = formats::f16_to_f32(scales[g]) * (static_cast<float>(codes[i]) - zero);
  }
  return w;
}

TEST_P(UpstreamGolden, LayersReadAndPackedAgainAreTheSameBytes) {
  const auto stored = read_safetensors(folder() / "layers.safetensors");
  ASSERT_GE(layers_in(stored).size(), 1U);
  for (const std::string& name : layers_in(stored)) {
    SCOPED_TRACE(name);
    const auto own = tensors_of(stored, name);
    Planes planes;
    ASSERT_NO_FATAL_FAILURE(read_planes(config_text(), name, own, planes));
    const auto shape = planes.at("codes").shape();
    OwnedLayer layer(name, planes.scheme, shape[0], shape[1]);
    for (const char* plane : {"codes", "scale", "zero_point", "bias"}) {
      if (planes.has(plane)) layer.add(planes.at(plane));
    }
    Writer writer(auto_round_api(),
                  plan_text(packing() == "auto_round" ? "auto_round:gptqmodel" : packing(), planes.scheme));
    MemoryTarget packed;
    ar_error err{};
    ASSERT_EQ(writer.pack(layer.raw(), packed, &err), AR_OK) << err.text;
    for (const OwnedTensor& t : own) {
      SCOPED_TRACE(t.name());
      EXPECT_EQ(packed.at(t.name()).shape(), t.shape());
      EXPECT_EQ(packed.at(t.name()).dtype(), t.dtype());
      EXPECT_TRUE(packed.at(t.name()).bytes() == t.bytes());
      const auto& known = expected().at(GetParam()).at("tensors").at(t.name()).as_array();
      EXPECT_EQ(sha256(t.bytes()), std::string_view(known[2].as_string()));
    }
  }
}

/// The source weight must lie within half a step of its value, and where the layout keeps zero points 1 too low or the
/// scale was rounded to float16, a little further.
TEST_P(UpstreamGolden, PlanesStandForTheSourceWeights) {
  const std::string model(expected().at(GetParam()).at("model").as_string());
  fs::path source = kGolden / "models" / model / "model.safetensors";
  const std::string shared = AR_SHARED_DIR;
  if (!fs::exists(source) && !shared.empty())
    source = fs::path(shared) / "golden/upstream/models" / model / "model.safetensors";
  if (!fs::exists(source)) GTEST_SKIP() << "no " << model << " here: it is in the full golden set only (AR_SHARED)";
  const auto weights = read_safetensors(source);
  const auto stored = read_safetensors(folder() / "layers.safetensors");
  for (const std::string& name : layers_in(stored)) {
    SCOPED_TRACE(name);
    Planes planes;
    ASSERT_NO_FATAL_FAILURE(read_planes(config_text(), name, tensors_of(stored, name), planes));
    const auto w = dequantized(planes);
    const auto& bytes = weights.at(name + ".weight").bytes;
    ASSERT_EQ(bytes.size(), 2 * w.size());
    double error = 0;
    double power = 0;
    for (size_t i = 0; i < w.size(); ++i) {
      uint16_t bits;
      std::memcpy(&bits, bytes.data() + 2 * i, sizeof bits);
      const double x = formats::bf16_to_f32(bits);
      error += (x - w[i]) * (x - w[i]);
      power += x * x;
    }
    // Round to nearest over the range of a group loses about range / 2^bits / sqrt(12); weights here have outliers of
    // 12 standard deviations, so the relative error is at most about 24 / 2^bits / sqrt(12).
    EXPECT_LT(std::sqrt(error / power), 24.0 / (1 << planes.scheme.bits) / std::sqrt(12.0));
  }
}

/// What upstream stores as `fake` is what its packed checkpoint dequantizes to, rounded to the model's bfloat16;
/// upstream keeps the sign of a weight that became zero, which codes do not hold.
TEST(UpstreamGoldenFake, WeightsAreThoseOfThePackedLayers) {
  const fs::path packed = kGolden / "cases/llama-ar-w4a16";
  const auto stored = read_safetensors(packed / "layers.safetensors");
  const auto fake = read_safetensors(kGolden / "cases/fake-w4a16/layers.safetensors");
  for (const char* name : {"model.layers.0.self_attn.q_proj", "model.layers.0.self_attn.k_proj"}) {
    Planes planes;
    ASSERT_NO_FATAL_FAILURE(
        read_planes(read_bytes(packed / "quantization_config.json"), name, tensors_of(stored, name), planes));
    const auto w = dequantized(planes);
    const std::string& bytes = fake.at(std::string(name) + ".weight").bytes;
    ASSERT_EQ(bytes.size(), 2 * w.size());
    for (size_t i = 0; i < w.size(); ++i) {
      uint16_t bits;
      std::memcpy(&bits, bytes.data() + 2 * i, sizeof bits);
      const uint32_t u = formats::bits_of(w[i]);
      const uint32_t ours = (u + 0x7FFFU + ((u >> 16U) & 1U)) >> 16U;
      ASSERT_TRUE(bits == ours || ((bits | ours) & 0x7FFFU) == 0) << name << " element " << i;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, UpstreamGolden, testing::ValuesIn(packed_cases()), test_name);

class UpstreamConfig : public testing::TestWithParam<std::string> {};

std::vector<std::string> all_cases() {
  std::vector<std::string> names;
  for (const auto& [name, value] : expected()) names.emplace_back(name);
  return names;
}

/// The plan of the run behind a golden quantization_config: what the engine would hand over.
json::object plan_of(const std::string& format, const json::object& source, const json::object& quantization) {
  static const std::set<std::string> kAdded = {"autoround_version", "block_name_to_quantize", "quant_method",
                                               "packing_format", "extra_config"};
  json::object run;
  json::array layers;
  for (const auto& [key, value] : quantization) {
    if (kAdded.count(std::string(key)) == 0) run[key] = value;
  }
  json::object extra;
  if (const auto* e = quantization.if_contains("extra_config")) extra = e->as_object();
  for (const auto& [name, entry] : extra) {
    const auto* bits = entry.as_object().if_contains("bits");
    layers.push_back(
        json::object{{"name", name}, {"quantized", bits == nullptr || bits->as_int64() < 16}, {"scheme", entry}});
  }
  return {{"format", format},
          {"scheme", run},
          {"quantization", run},
          {"version", "0.16.1"},
          {"block_names", {"model.layers"}},
          {"layers", layers},
          {"extra_config", extra},
          {"config", source},
          {"dtype", "bfloat16"},
          {"options", json::object()}};
}

TEST_P(UpstreamConfig, FilesAreTheSameBytes) {
  const fs::path folder = kGolden / "cases" / GetParam();
  const std::string config_text = read_bytes(folder / "config.json");
  json::object source = json::parse(config_text).get_object();
  source.erase("quantization_config");
  source.erase("torch_dtype");
  const std::string format(expected().at(GetParam()).at("format").as_string());
  const bool fake = format == "fake";
  const json::object quantization = fake ? json::object{{"sym", true}, {"bits", 4}, {"data_type", "int"}}
                                         : json::parse(read_bytes(folder / "quantization_config.json")).get_object();
  if (quantization.at("bits").as_int64() == 8 && !quantization.at("sym").as_bool()) setenv("AR_ALLOW_W8_ASYM", "1", 1);
  const ar_format_api& api = fake ? fake_api() : auto_round_api();
  Writer writer(api, json::serialize(plan_of(format, source, quantization)));
  ar_error err{};
  ASSERT_EQ(api.finish(writer.raw(), &err), AR_OK) << err.text;
  EXPECT_EQ(writer.target().files().at("config.json"), config_text);
  if (!fake) {
    EXPECT_EQ(writer.target().files().at("quantization_config.json"), read_bytes(folder / "quantization_config.json"));
  }
  unsetenv("AR_ALLOW_W8_ASYM");
}

INSTANTIATE_TEST_SUITE_P(Cases, UpstreamConfig, testing::ValuesIn(all_cases()), test_name);

}  // namespace
}  // namespace ar::test
