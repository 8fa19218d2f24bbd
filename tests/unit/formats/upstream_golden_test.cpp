// Tensors and configs that upstream wrote (tests/golden/upstream): read into planes, packed again, compared byte by
// byte.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <set>

#include "common/real.hpp"
#include "plugins/formats/gguf/sha256.hpp"
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

/// Cases with packed layers: all but those that store plain weights and the one upstream ships hashes of.
std::vector<std::string> packed_cases() {
  std::vector<std::string> names;
  for (const auto& [name, value] : expected()) {
    const bool fake = std::string_view(name).substr(0, 5) == "fake-";
    if (fs::exists(kGolden / "cases" / std::string(name) / "layers.safetensors") && !fake) names.emplace_back(name);
  }
  return names;
}

/// The plugin that says it reads a checkpoint with this config; exactly one must.
std::string owner(const std::string& config) {
  std::string found;
  for (const char* id : {"auto_round", "auto_gptq", "auto_awq", "llm_compressor", "fp8", "mlx"}) {
    if (format_api(id).owns(config.c_str()) == 1) found += (found.empty() ? "" : ",") + std::string(id);
  }
  return found;
}

class UpstreamGolden : public testing::TestWithParam<std::string> {
 protected:
  fs::path folder() const { return kGolden / "cases" / GetParam(); }
  std::string config_text() const { return read_bytes(folder() / "quantization_config.json"); }
  json::object config() const { return json::parse(config_text()).get_object(); }
  std::string plugin() const { return owner(config_text()); }
  /// What to ask the plugin for so that it writes this layout.
  std::string format() const {
    if (plugin() != "auto_round") return plugin();
    const json::object o = config();
    const auto* name = o.if_contains("packing_format");
    const std::string packing = name == nullptr ? "auto_round" : std::string(name->as_string());
    if (packing == "auto_round") return o.at("data_type") == "int" ? "auto_round:gptqmodel" : packing;
    return packing.rfind("auto_round:llm_compressor", 0) == 0 ? "auto_round" : packing;
  }
};

std::string test_name(const testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  for (char& c : name) c = c == '-' ? '_' : c;
  return name;
}

struct Planes {
  MemoryTarget target;
  ar_scheme scheme{};
  std::deque<std::string> texts;  // what the scheme points to
  const OwnedTensor& at(const char* name) const { return target.at(name); }
  bool has(const char* name) const { return target.tensors().count(name) != 0; }
};

/// "scheme" or "scheme_json" (ar/format.h).
void take_scheme(Planes& planes) {
  if (planes.has("scheme")) {
    const auto numbers = planes.at("scheme").values<int64_t>();
    planes.scheme = int_scheme(static_cast<int>(numbers.at(0)), static_cast<int>(numbers.at(1)), numbers.at(2) != 0);
    return;
  }
  const json::object o = json::parse(planes.at("scheme_json").bytes()).get_object();
  const auto number = [&](const json::value& v) { return static_cast<int32_t>(v.as_int64()); };
  const auto text = [&](const char* key) { return planes.texts.emplace_back(o.at(key).as_string()).c_str(); };
  ar_scheme& s = planes.scheme = int_scheme(number(o.at("bits")), 0, o.at("sym").as_bool());
  if (const auto* block = o.at("group_size").if_array()) {
    s.group_size_rows = number(block->at(0));
    s.group_size = number(block->at(1));
  } else {
    s.group_size = number(o.at("group_size"));
  }
  s.data_type = text("data_type");
  if (!o.contains("act_bits")) return;
  s.act_bits = number(o.at("act_bits"));
  s.act_group_size = number(o.at("act_group_size"));
  s.act_sym = o.at("act_sym").as_bool() ? 1 : 0;
  s.act_dynamic = o.at("act_dynamic").as_bool() ? 1 : 0;
  s.act_data_type = text("act_data_type");
}

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
  const ar_format_api& api = format_api(owner(config));
  ASSERT_EQ(api.read_layer(config.c_str(), &l, raw.data(), raw.size(), planes.target.sink(), &err), AR_OK) << err.text;
  take_scheme(planes);
}

std::set<std::string> layers_in(const std::map<std::string, StoredTensor>& tensors) {
  std::set<std::string> layers;
  for (const auto& [name, t] : tensors) {
    for (const char* scale : {".scales", ".weight_scale", ".weight_scale_inv"}) {
      const std::size_t length = std::strlen(scale);
      if (name.size() > length && name.compare(name.size() - length, length, scale) == 0)
        layers.insert(name.substr(0, name.size() - length));
    }
  }
  return layers;
}

/// Sign, exponent bits, mantissa bits: every small float type without infinities.
float small_float(uint8_t code, int exponent_bits, int mantissa_bits) {
  const int bias = (1 << (exponent_bits - 1)) - 1;
  const int mantissa = code & ((1 << mantissa_bits) - 1);
  const int exponent = (code >> mantissa_bits) & ((1 << exponent_bits) - 1);
  const float one = std::ldexp(1.0F, -mantissa_bits);
  const float value = exponent == 0 ? std::ldexp(static_cast<float>(mantissa) * one, 1 - bias)
                                    : std::ldexp(1.0F + static_cast<float>(mantissa) * one, exponent - bias);
  return (code >> (exponent_bits + mantissa_bits)) != 0 ? -value : value;
}

std::vector<float> numbers(const OwnedTensor& t) {
  std::vector<float> result;
  if (t.dtype() == AR_DTYPE_F32) return t.values<float>();
  if (t.dtype() == AR_DTYPE_F16) {
    for (const uint16_t x : t.values<uint16_t>()) result.push_back(formats::f16_to_f32(x));
    return result;
  }
  for (const uint8_t x : t.values<uint8_t>()) {
    switch (t.dtype()) {
      case AR_DTYPE_F4_E2M1: result.push_back(small_float(x, 2, 1)); break;
      case AR_DTYPE_F8_E4M3: result.push_back(small_float(x, 4, 3)); break;
      case AR_DTYPE_F8_E8M0: result.push_back(std::ldexp(1.0F, x - 127)); break;
      default: result.push_back(x);
    }
  }
  return result;
}

/// w = scale * (code - zero_point), in float32; blocks of rows where the scheme has them.
std::vector<float> dequantized(const Planes& planes) {
  auto w = numbers(planes.at("codes"));
  const auto scales = numbers(planes.at("scale"));
  const auto zeros = planes.has("zero_point") ? planes.at("zero_point").values<float>() : std::vector<float>();
  const bool integer = planes.at("codes").dtype() == AR_DTYPE_U8;
  const float global = planes.has("global_scale") ? planes.at("global_scale").values<float>().at(0) : 1.0F;
  const int64_t in = planes.at("codes").shape()[1];
  const int64_t group = planes.scheme.group_size > 0 ? planes.scheme.group_size : in;
  const int64_t groups = (in + group - 1) / group;
  const int64_t rows = std::max(planes.scheme.group_size_rows, 1);
  for (size_t i = 0; i < w.size(); ++i) {
    const auto row = static_cast<int64_t>(i) / in;
    const auto g =
        scales.size() == 1 ? 0 : static_cast<size_t>(row / rows * groups + (static_cast<int64_t>(i) % in) / group);
    const float middle = integer ? static_cast<float>(1 << (planes.scheme.bits - 1)) : 0.0F;
    w[i] = scales[g] * (w[i] - (zeros.empty() ? middle : zeros[g])) / global;
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
    for (const char* plane :
         {"codes", "scale", "zero_point", "global_scale", "act_scale", "act_global_scale", "bias"}) {
      if (planes.has(plane)) layer.add(planes.at(plane));
    }
    Writer writer(format_api(plugin()), plan_text(format(), planes.scheme));
    MemoryTarget packed;
    ar_error err{};
    ASSERT_EQ(writer.pack(layer.raw(), packed, &err), AR_OK) << err.text;
    for (const OwnedTensor& t : own) {
      SCOPED_TRACE(t.name());
      EXPECT_EQ(packed.at(t.name()).shape(), t.shape());
      EXPECT_EQ(packed.at(t.name()).dtype(), t.dtype());
      EXPECT_TRUE(packed.at(t.name()).bytes() == t.bytes());
      const auto& known = expected().at(GetParam()).at("tensors").at(t.name()).as_array();
      EXPECT_EQ(gguf::sha256_hex(t.bytes()), std::string_view(known[2].as_string()));
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
    // 12 standard deviations, so the relative error is at most about 24 / 2^bits / sqrt(12). Steps of 8-bit floats are
    // 1/8 to 1/16 of the value.
    constexpr double kFloat8 = 1.0 / 8 / 3.4641;
    const double integers = 24.0 / (1 << planes.scheme.bits) / std::sqrt(12.0);
    EXPECT_LT(std::sqrt(error / power), std::max(integers, kFloat8));
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

/// Cases whose config alone says what the plan was; the others are compared end to end (tests/e2e).
std::vector<std::string> config_cases() {
  std::vector<std::string> names;
  for (const auto& [name, value] : expected()) {
    const std::string config = read_bytes(kGolden / "cases" / std::string(name) / "config.json");
    const json::object parsed = json::parse(config).get_object();
    const auto* quantization = parsed.if_contains("quantization_config");
    if (quantization == nullptr || quantization->at("quant_method") == "auto-round") names.emplace_back(name);
  }
  return names;
}

/// The plan of the run behind a golden quantization_config: what the engine would hand over.
json::object plan_of(const std::string& format, const json::object& source, const json::object& quantization) {
  static const std::set<std::string> kAdded = {
      "autoround_version", "block_name_to_quantize", "quant_method", "packing_format",
      "extra_config",      "weight_block_size",      "fmt",          "activation_scheme",
      "regex_config"};
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
          {"block_names", json::array{"model.layers"}},
          {"layers", layers},
          {"extra_config", extra},
          {"config", source},
          {"dtype", "bfloat16"},
          {"options", json::object()}};
}

TEST_P(UpstreamConfig, FilesAreTheSameBytes) {
  const fs::path folder = kGolden / "cases" / GetParam();
  const std::string config_text = read_bytes(folder / "config.json");
  const json::object written = json::parse(config_text).get_object();
  json::object source = written;
  source.erase("quantization_config");
  source.erase("torch_dtype");
  const fs::path side = folder / "quantization_config.json";
  json::object quantization{{"sym", true}, {"bits", 4}, {"data_type", "int"}};
  if (const auto* told = written.if_contains("quantization_config"))
    quantization = fs::exists(side) ? json::parse(read_bytes(side)).get_object() : told->as_object();
  if (quantization.at("bits").as_int64() == 8 && !quantization.at("sym").as_bool()) setenv("AR_ALLOW_W8_ASYM", "1", 1);
  std::string format(expected().at(GetParam()).at("format").as_string());
  if (GetParam() == "ar-int8") format = "fake";  // what auto_round stores INT8 as
  const ar_format_api& api = format_api(format.substr(0, format.find(':')));
  Writer writer(api, json::serialize(plan_of(format, source, quantization)));
  ar_error err{};
  ASSERT_EQ(api.finish(writer.raw(), &err), AR_OK) << err.text;
  EXPECT_EQ(writer.target().files().at("config.json"), config_text);
  EXPECT_EQ(writer.target().files().count("quantization_config.json"), fs::exists(side) ? 1U : 0U);
  if (fs::exists(side)) {
    EXPECT_EQ(writer.target().files().at("quantization_config.json"), read_bytes(side));
  }
  unsetenv("AR_ALLOW_W8_ASYM");
}

INSTANTIATE_TEST_SUITE_P(Cases, UpstreamConfig, testing::ValuesIn(config_cases()), test_name);

}  // namespace
}  // namespace ar::test
