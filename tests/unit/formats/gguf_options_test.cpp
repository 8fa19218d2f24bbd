// Options of the format, and what they change.
#include <boost/json.hpp>

#include "gguf/mixture.hpp"
#include "gguf/options.hpp"
#include "tests/unit/formats/gguf_fixture.hpp"

namespace ar::gguf {
namespace {

Options read(const char* options) { return read_options({{"options", boost::json::parse(options)}}); }

TEST(GgufOptions, FallbackIsAutoRoundsUnlessGiven) {
  EXPECT_EQ(read("{}").fallback, Fallback::kAutoRound);
  EXPECT_EQ(read(R"({"fallback": "auto_round"})").fallback, Fallback::kAutoRound);
  EXPECT_EQ(read(R"({"fallback": "llama.cpp"})").fallback, Fallback::kLlamaCpp);
}

TEST(GgufOptions, RefusesWhatItDoesNotKnow) {
  EXPECT_EQ(test::error_of([] { read(R"({"speed": "high"})"); }), "unknown option 'speed': gguf takes fallback");
  EXPECT_EQ(test::error_of([] { read(R"({"fallback": "ggml"})"); }),
            "option fallback is 'ggml'; accepted: auto_round, llama.cpp");
}

/// data_types.md 9.10 and `tensor_type_fallback` of llama.cpp's llama-quant.cpp.
TEST(GgufOptions, FallbackTypesOfNarrowRows) {
  const struct {
    Type type, auto_round, llama_cpp;
  } rows[] = {{Type::kQ2_K, Type::kQ5_0, Type::kQ4_0},
              {Type::kQ3_K, Type::kQ5_0, Type::kQ4_0},
              {Type::kQ4_K, Type::kQ5_0, Type::kQ5_0},
              {Type::kQ5_K, Type::kQ5_0, Type::kQ5_1},
              {Type::kQ6_K, Type::kQ8_0, Type::kQ8_0}};
  for (const auto& row : rows) {
    EXPECT_EQ(fitting(row.type, 576, Fallback::kAutoRound), row.auto_round) << info(row.type).name;
    EXPECT_EQ(fitting(row.type, 576, Fallback::kLlamaCpp), row.llama_cpp) << info(row.type).name;
    for (const Fallback fallback : {Fallback::kAutoRound, Fallback::kLlamaCpp}) {
      EXPECT_EQ(fitting(row.type, 512, fallback), row.type) << info(row.type).name;
      EXPECT_EQ(fitting(row.type, 100, fallback), std::nullopt) << info(row.type).name;
    }
  }
}

}  // namespace
}  // namespace ar::gguf
