#include "gguf/source.hpp"

#include <fstream>

#include <boost/json.hpp>

#include "gguf/activations.hpp"
#include "gguf/pack.hpp"
#include "tests/unit/formats/format_fixture.hpp"
#include "tests/unit/formats/gguf_fixture.hpp"
#include "tests/unit/temp_folder.hpp"

namespace ar::gguf {
namespace {

namespace json = boost::json;
using test::MemoryTarget;

std::string floats(const std::vector<float>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)};
}

/// One file with a quantized matrix, a float one whose rows are turned, a norm with 1 added and a stack of two.
class GgufSource : public testing::Test {
 protected:
  GgufSource() {
    Metadata metadata;
    metadata.set("general.architecture", std::string("llama"));
    metadata.set("llama.block_count", uint32_t{2});
    metadata.set("llama.attention.layer_norm_rms_epsilon", 1e-6F);
    metadata.set("tokenizer.ggml.eos_token_id", uint32_t{7});
    metadata.set("tokenizer.ggml.tokens", to_array(std::vector<std::string>{"\xFF", "b"}));
    std::vector<TensorEntry> tensors{{"rope_freqs.weight", Type::kF32, {2}, 0},
                                     {"q.weight", Type::kF32, {4, 1}, 0},
                                     {"norm.weight", Type::kF32, {2}, 0},
                                     {"stack.weight", Type::kF32, {2, 1, 2}, 0},
                                     {"x.weight", Type::kQ8_0, {1, 32}, 0}};
    lay_out(tensors);
    std::string block("\0\x3C", 2);  // a scale of 1
    for (int i = 0; i < 32; ++i) block += static_cast<char>(i - 16);
    std::string data;
    for (const std::string& bytes : {floats({1.0F, 8.0F}), floats({0.0F, 1.0F, 2.0F, 3.0F}), floats({1.5F, 0.5F}),
                                     floats({1.0F, 2.0F, 3.0F, 4.0F}), block}) {
      data += bytes;
      data.resize(aligned(data.size()), '\0');
    }
    std::ofstream(path(), std::ios::binary) << serialize_header(metadata, tensors) << data;
  }

  std::string path() const { return folder_ / "model.gguf"; }
  MemoryTarget& read(const char* declared) {
    Source(path()).read(declared, *target_.sink());
    return target_;
  }
  std::string refusal(const char* declared) {
    return test::error_of([&] { read(declared); });
  }

 private:
  test::TempFolder folder_;
  MemoryTarget target_;
};

TEST_F(GgufSource, DescribesKeysAndTensorsButNoVocabulary) {
  const json::value d = json::parse(Source(path()).description());
  EXPECT_EQ(d.at("architecture"), "llama");
  EXPECT_EQ(d.at("metadata").at("llama.block_count"), 2);
  EXPECT_FALSE(d.at("metadata").as_object().contains("tokenizer.ggml.tokens"));
  EXPECT_EQ(d.at("metadata").at("tokenizer.ggml.eos_token_id"), 7);
  EXPECT_EQ(d.at("metadata").at("llama.attention.layer_norm_rms_epsilon"), 1e-6)
      << "not the double nearest to the float";
  EXPECT_EQ(d.at("tensors").at(0).at("values").at(1), 8.0);
  EXPECT_EQ(d.at("tensors").at(3).at("shape"), (json::array{2, 1, 2}));
  EXPECT_EQ(d.at("tensors").at(4).at("type"), "Q8_0");
}

TEST_F(GgufSource, GivesPlanesOfQuantizedTensors) {
  const auto& t = read(R"({"source": "x.weight", "name": "x.weight", "shape": [1, 32]})").tensors();
  EXPECT_EQ(t.at("scale").values<float>(), std::vector<float>{1.0F});
  EXPECT_EQ(t.at("codes").values<uint8_t>()[0], 112);  // -16 + 128
  EXPECT_EQ(json::parse(t.at("scheme_json").bytes()).at("bits"), 8);
}

TEST_F(GgufSource, SaysHowLlamaCppRoundsActivationsWhenAsked) {
  EXPECT_EQ(json::parse(Source(path()).description()).at("activations").at(0).at("name"), "llama.cpp");
  const auto& plain = read(R"({"source": "x.weight", "name": "x.weight", "shape": [1, 32]})").tensors();
  EXPECT_FALSE(json::parse(plain.at("scheme_json").bytes()).as_object().contains("act_bits"));
  MemoryTarget asked;
  Source(path()).read(R"({"source": "x", "name": "x.weight", "shape": [1, 32], "activations": "llama.cpp"})",
                      *asked.sink());
  const json::value scheme = json::parse(asked.at("scheme_json").bytes());
  EXPECT_EQ(scheme.at("act_bits"), 8);
  EXPECT_EQ(scheme.at("act_group_size"), 32);
  EXPECT_EQ(scheme.at("act_data_type"), "q8_0");
  MemoryTarget floats;
  Source(path()).read(R"({"source": "q", "name": "q.weight", "shape": [4, 1], "activations": "llama.cpp"})",
                      *floats.sink());
  EXPECT_EQ(floats.at("weight").values<float>().size(), 4U);
  EXPECT_FALSE(json::parse(floats.at("scheme_json").bytes()).as_object().contains("act_bits"))
      << "F32 is multiplied as it is";
  EXPECT_NE(refusal(R"({"source": "x", "name": "x.weight", "shape": [1, 32], "activations": "x"})")
                .find("accepted: llama.cpp"),
            std::string::npos);
}

TEST(GgufActivations, ArePairedWithTheTypeOfTheWeights) {
  const auto type_of_inputs = [](Type type) {
    json::object scheme;
    add_activations("llama.cpp", type, scheme);
    return scheme;
  };
  EXPECT_EQ(type_of_inputs(Type::kQ4_1).at("act_data_type"), "q8_1");
  EXPECT_EQ(type_of_inputs(Type::kQ5_1).at("act_data_type"), "q8_1");
  for (Type type : {Type::kQ4_0, Type::kQ5_0, Type::kQ8_0}) {
    EXPECT_EQ(type_of_inputs(type).at("act_data_type"), "q8_0") << info(type).name;
    EXPECT_EQ(type_of_inputs(type).at("act_group_size"), 32) << info(type).name;
  }
  for (Type type : {Type::kQ2_K, Type::kQ3_K, Type::kQ4_K, Type::kQ5_K, Type::kQ6_K}) {
    EXPECT_EQ(type_of_inputs(type).at("act_data_type"), "q8_k") << info(type).name;
    EXPECT_EQ(type_of_inputs(type).at("act_group_size"), 256) << info(type).name;
  }
  EXPECT_EQ(type_of_inputs(Type::kF16).at("act_data_type"), "float16");
  EXPECT_EQ(type_of_inputs(Type::kBF16).at("act_data_type"), "bfloat16");
  EXPECT_EQ(type_of_inputs(Type::kBF16).at("act_bits"), 16);
  EXPECT_TRUE(type_of_inputs(Type::kF32).empty());
}

TEST_F(GgufSource, TurnsRowsBack) {
  const auto& t = read(R"({"source": "q", "name": "q.weight", "shape": [4, 1], "rope_heads": 1})").tensors();
  EXPECT_EQ(t.at("weight").values<float>(), (std::vector<float>{0.0F, 2.0F, 1.0F, 3.0F}));
}

TEST_F(GgufSource, TakesAwayWhatWasAddedAndFindsSlices) {
  EXPECT_EQ(read(R"({"source": "n", "name": "norm.weight", "shape": [2], "add": 1.0})").at("weight").values<float>(),
            (std::vector<float>{0.5F, -0.5F}));
  MemoryTarget second;
  Source(path()).read(R"({"source": "e", "name": "stack.weight", "shape": [1, 2], "slice": 1, "slices": 2})", *second.sink());
  EXPECT_EQ(second.at("weight").values<float>(), (std::vector<float>{3.0F, 4.0F}));
}

TEST_F(GgufSource, NamesTensorsThatDoNotFit) {
  EXPECT_NE(refusal(R"({"source": "y", "name": "y.weight", "shape": [1]})").find("tensor 'y.weight' is missing"), std::string::npos);
  EXPECT_NE(refusal(R"({"source": "x", "name": "x.weight", "shape": [2, 32]})").find("another shape"), std::string::npos);
  EXPECT_NE(refusal(R"({"source": "e", "name": "stack.weight", "shape": [1, 2], "slice": 2, "slices": 2})").find("outside its stack"),
            std::string::npos);
}

TEST_F(GgufSource, SaysWhichFileItCannotRead) {
  EXPECT_NE(test::error_of([] { Source("/nowhere/x.gguf"); }).find("/nowhere/x.gguf: cannot be read: No such file"), std::string::npos);
  std::ofstream(path(), std::ios::trunc) << "GGUF";
  EXPECT_NE(test::error_of([&] { Source source(path()); }).find("model.gguf: ends within the version"), std::string::npos);
}

TEST_F(GgufSource, IsOpenedThroughTheTable) {
  const ar_format_api& api = test::gguf_api();
  std::string description;
  const auto take = [](void* to, const char* text, size_t n) -> ar_status {
    static_cast<std::string*>(to)->assign(text, n);
    return AR_OK;
  };
  ar_source* source = nullptr;
  ar_error err{};
  ASSERT_EQ(api.open_source(path().c_str(), &source, &description, take, &err), AR_OK) << err.text;
  EXPECT_FALSE(description.empty());
  MemoryTarget target;
  EXPECT_EQ(api.read_source(source, R"({"source": "n", "name": "norm.weight", "shape": [2]})", target.sink(), &err), AR_OK);
  EXPECT_NE(api.read_source(source, "{}", target.sink(), &err), AR_OK);
  api.close_source(source);
  EXPECT_NE(api.open_source("/nowhere", &source, &description, take, &err), AR_OK);
  api.close_source(source);
}

}  // namespace
}  // namespace ar::gguf
