// What every reader does with layers and configs that do not fit together: a sentence that names the tensor or the
// value, never a crash (run under the sanitizers too).
#include <filesystem>

#include "tests/unit/formats/reader_fixture.hpp"

namespace ar::test {
namespace {

namespace fs = std::filesystem;

const fs::path kCases = fs::path(AR_SOURCE_DIR) / "tests/golden/upstream/cases";
constexpr const char* kStored = "model.layers.0.self_attn.k_proj";

struct Source {
  const char* plugin;
  const char* name;
};
void PrintTo(const Source& s, std::ostream* out) { *out << s.name; }

/// One case of each way of storing a layer.
constexpr Source kSources[] = {
    {"auto_round", "ar-w4a16"},        {"auto_round", "ar-w3a16-asym"},  {"auto_round", "ar_auto_awq-w4a16-asym"},
    {"auto_round", "ar-mxfp4"},        {"auto_round", "ar-mxfp8"},       {"auto_round", "ar-nvfp4"},
    {"auto_round", "ar-fp8_block"},    {"auto_round", "ar-fp8_static"},  {"auto_gptq", "gptq-w2a16"},
    {"auto_awq", "awq-w4a16"},         {"llm_compressor", "llmc-w3a16"}, {"llm_compressor", "llmc-int8"},
    {"llm_compressor", "llmc-fpw8a16"}};

class DamagedLayer : public testing::TestWithParam<Source> {
 protected:
  void SetUp() override {
    const fs::path folder = kCases / GetParam().name;
    if (!fs::exists(folder / "layers.safetensors")) GTEST_SKIP() << folder << " holds no layers";
    config_ = read_bytes(folder / "quantization_config.json");
    for (const auto& [name, t] : read_safetensors(folder / "layers.safetensors")) {
      if (name.rfind(std::string(kStored) + ".", 0) == 0) tensors_.emplace(name, t);
    }
  }

  std::string read(const std::map<std::string, StoredTensor>& tensors) const { return read(tensors, config_); }
  std::string read(const std::map<std::string, StoredTensor>& tensors, const std::string& config) const {
    std::deque<OwnedTensor> own;
    std::vector<ar_tensor> raw;
    for (const auto& [name, t] : tensors)
      raw.push_back(own.emplace_back(name, dtype_of(t.dtype), t.shape, t.bytes).raw());
    ar_layer layer{};
    layer.struct_size = sizeof layer;
    layer.name = kStored;
    MemoryTarget planes;
    ar_error err{};
    const ar_status status =
        format_api(GetParam().plugin).read_layer(config.c_str(), &layer, raw.data(), raw.size(), planes.sink(), &err);
    if (status != AR_OK && err.text[0] == '\0') return "failed without a text";
    return status == AR_OK ? "" : err.text;
  }
  static size_t bytes_each(const StoredTensor& t) { return dtype_bytes(dtype_of(t.dtype)); }

  std::string config_;
  std::map<std::string, StoredTensor> tensors_;
};

/// Tensors a reader does without: extra information, or told apart by its absence.
bool optional(const std::string& name) {
  for (const char* tail : {".bias", ".g_idx", ".input_scale", ".input_global_scale"}) {
    if (name.size() > std::strlen(tail) && name.compare(name.size() - std::strlen(tail), std::string::npos, tail) == 0)
      return true;
  }
  return false;
}

TEST_P(DamagedLayer, IsReadWhenWhole) { EXPECT_EQ(read(tensors_), ""); }

TEST_P(DamagedLayer, NamesATensorThatIsMissing) {
  for (const auto& [name, t] : tensors_) {
    if (optional(name)) continue;
    auto tensors = tensors_;
    tensors.erase(name);
    EXPECT_NE(read(tensors), "") << name;
  }
}

TEST_P(DamagedLayer, NamesATensorOfAnotherType) {
  for (const auto& [name, t] : tensors_) {
    if (name == std::string(kStored) + ".bias") continue;  // handed on as it is
    auto tensors = tensors_;
    tensors.at(name) = {"F64", t.shape, std::string(t.bytes.size() / bytes_each(t) * 8, '\0')};
    EXPECT_NE(read(tensors).find(name), std::string::npos) << name << ": " << read(tensors);
  }
}

TEST_P(DamagedLayer, NamesATensorOfAnotherShape) {
  for (const auto& [name, t] : tensors_) {
    if (name == std::string(kStored) + ".bias") continue;
    for (size_t dim = 0; dim < t.shape.size(); ++dim) {
      auto tensors = tensors_;
      StoredTensor& damaged = tensors.at(name);
      const auto rest = static_cast<int64_t>(t.bytes.size()) / t.shape[dim];
      damaged.shape[dim] += 1;
      damaged.bytes.resize(static_cast<size_t>(rest * damaged.shape[dim]));
      // Any width goes with one scale a row, any height with one a tensor.
      const bool one_scale = tensors_.count(std::string(kStored) + ".weight_scale") != 0 &&
                             tensors_.at(std::string(kStored) + ".weight_scale").shape == std::vector<int64_t>{1};
      const bool free = name == std::string(kStored) + ".weight" && (dim == 1 || one_scale);
      EXPECT_TRUE(free || !read(tensors).empty()) << name << " with one more in dimension " << dim;
      damaged.shape[dim] = 0;
      damaged.bytes.clear();
      EXPECT_NE(read(tensors), "") << name << " with nothing in dimension " << dim;
    }
    auto tensors = tensors_;
    tensors.at(name) = {t.dtype, {0, int64_t{1} << 60}, ""};
    EXPECT_NE(read(tensors), "") << name << " of an absurd shape";
    tensors.at(name) = {t.dtype, {static_cast<int64_t>(t.bytes.size() / bytes_each(t)), 1, 1, 1}, t.bytes};
    EXPECT_NE(read(tensors), "") << name << " of four dimensions";
  }
}

TEST_P(DamagedLayer, ASentenceForEveryNumberOfItsConfig) {
  for (size_t at = 0; at < config_.size(); ++at) {
    const bool digit = config_[at] >= '0' && config_[at] <= '9';
    const bool starts = at > 0 && (config_[at - 1] == ' ' || config_[at - 1] == '-');
    if (!digit || !starts) continue;
    size_t end = at;
    while (end < config_.size() && config_[end] >= '0' && config_[end] <= '9') ++end;
    for (const char* number :
         {"0", "1", "7", "-3", "1000000000000", "9223372036854775807", "1e300", "\"x\"", "{}", "[]"}) {
      std::string config = config_;
      config.replace(at, end - at, number);
      EXPECT_NE(read(tensors_, config), "failed without a text") << config;
    }
  }
}

std::string test_name(const testing::TestParamInfo<Source>& info) {
  std::string name = info.param.name;
  for (char& c : name) c = c == '-' ? '_' : c;
  return name;
}
INSTANTIATE_TEST_SUITE_P(Layouts, DamagedLayer, testing::ValuesIn(kSources), test_name);

TEST(DamagedConfig, NamesTheMemberAndItsValue) {
  const StoredLayer none;
  const auto gptq = [&](const std::string& rest) {
    return none.refusal("auto_gptq", R"({"quant_method":"gptq",)" + rest + "}");
  };
  EXPECT_EQ(gptq(R"("bits":"four")"), "quantization_config: bits \"four\": must be a whole number from 1 to 64");
  EXPECT_EQ(gptq(R"("bits":4,"group_size":[1,2,3])"),
            "quantization_config: group_size [1,2,3]: must be a number or [rows, columns]");
  EXPECT_EQ(gptq(R"("bits":4,"sym":1)"), "quantization_config: sym 1: must be true or false");
  EXPECT_EQ(
      gptq(R"("bits":5)"),
      "layer 'model.layers.0.mlp.up_proj': quantization_config says bits 5, group_size 128; GPTQ layers have 2, 3, "
      "4 or 8 bits and a group_size other than 0");
  EXPECT_EQ(gptq(R"("bits":4,"dynamic":{"+:(":{}})"), "dynamic: '(?:().*' is not a regular expression");
  EXPECT_EQ(gptq(R"("bits":4,"dynamic":{"+:)" + std::string(100'000, '(') + R"(":{}})"),
            "dynamic: a pattern of 100006 characters: must be at most 1000");
  EXPECT_EQ(none.refusal("auto_gptq", "{"), "quantization_config is not JSON: incomplete JSON");
  EXPECT_EQ(none.refusal("llm_compressor", R"({"quant_method":"compressed-tensors"})"),
            "'config_groups' is missing: must be an object");
  EXPECT_EQ(none.refusal("llm_compressor", R"({"config_groups":{"group_0":{"targets":["Conv2d"]}}})"),
            "layer 'model.layers.0.mlp.up_proj' is stored quantized, but no group of config_groups is for it");
  EXPECT_EQ(none.refusal("fp8", R"({"quant_method":"fp8","weight_block_size":128})"),
            "weight_block_size 128: must be [rows, columns]");
  EXPECT_EQ(none.refusal("fp8", R"({"quant_method":"fp8","fmt":"e5m2"})"), "fmt 'e5m2' is not read; accepted: e4m3");
  EXPECT_EQ(none.refusal("auto_awq", R"({"quant_method":"awq","version":"gemv"})"),
            "AWQ version 'gemv' is not read; accepted: gemm");
  EXPECT_EQ(none.refusal("auto_awq", R"({"quant_method":"awq"})"),
            "there is no tensor 'model.layers.0.mlp.up_proj.qweight'");
}

}  // namespace
}  // namespace ar::test
