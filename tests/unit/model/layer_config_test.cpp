#include "core/model/layer_config.hpp"

#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>

#include "core/model/pattern.hpp"
#include "tests/unit/expect_error.hpp"

namespace ar::model {
namespace {

using base::Exit;
using test::expect_error;

std::string parsed(const char* text) { return boost::json::serialize(parse_layer_config(text)); }

TEST(LayerConfigText, ReadsJson) {
  EXPECT_EQ(parsed(R"({"a.b":{"bits":8,"sym":false},"lm_head":"GGUF:Q6_K"})"),
            R"({"a.b":{"bits":8,"sym":false},"lm_head":"GGUF:Q6_K"})");
  EXPECT_EQ(parsed(R"( '{"a":{"group_size":[128,128]}}' )"), R"({"a":{"group_size":[128,128]}})");
  EXPECT_EQ(parsed(""), "{}");
}

TEST(LayerConfigText, NeedsNoQuotes) {
  EXPECT_EQ(parsed("{mtp:{bits:8},mtp.fc:{bits:16}}"), R"({"mtp":{"bits":8},"mtp.fc":{"bits":16}})");
  EXPECT_EQ(parsed("{ 'k_proj' : { 'bits' : 8 'sym' : True, data_type : none } } rest"),
            R"({"k_proj":{"bits":8,"sym":true,"data_type":null}})");
}

TEST(LayerConfigText, StraightensCurlyQuotes) {
  EXPECT_EQ(parsed("{\u201ck_proj\u201d:{\u201cbits\u201d:8}}"), R"({"k_proj":{"bits":8}})");
}

TEST(LayerConfigText, KeepsStrayBackslashes) {
  EXPECT_EQ(parsed(R"({"layers\.\d+":{"bits":8}})"), R"({"layers\\.\\d+":{"bits":8}})");
  EXPECT_EQ(parsed(R"({layers.\d+:{bits:8}})"), R"({"layers.\\d+":{"bits":8}})");
}

TEST(LayerConfigText, ReadsScalarsFromStrings) {
  EXPECT_EQ(parsed(R"({"a":{"x":"-8","y":"'16'","z":"1.5","t":"TRUE","n":"None","s":"int8","e":""}})"),
            R"({"a":{"x":-8,"y":16,"z":1.5E0,"t":true,"n":null,"s":"int8","e":""}})");
}

TEST(LayerConfigText, RefusesWhatItCannotRead) {
  expect_error(Exit::kUsage, {"--layer_config", "unexpected end"}, [] { parsed("{k_proj:{bits:8}"); });
  expect_error(Exit::kUsage, {"--layer_config", "expected '{'", "k_proj"}, [] { parsed("k_proj"); });
  expect_error(Exit::kUsage, {"--layer_config", "expected ':'"}, [] { parsed("{k_proj{bits:8}}"); });
  expect_error(Exit::kUsage, {"--layer_config", "expected"}, [] { parsed("{lm_head:GGUF:Q6_K}"); });
  expect_error(Exit::kUsage, {"--layer_config", "expected a value"}, [] { parsed("{k_proj:,}"); });
  expect_error(Exit::kUsage, {"--layer_config", "expected {name"}, [] { parsed("[1]"); });
  expect_error(Exit::kUsage, {"nested"}, [] { parsed("{a:{a:{a:{a:{a:{a:{a:{a:{a:{a:1}}}}}}}}}}"); });
}

TEST(LayerRegex, IsBuiltAsDocumented) {
  EXPECT_EQ(layer_regex("model.embed_tokens"), R"(.*model\.embed_tokens.*)");
  EXPECT_EQ(layer_regex("model.decoder.layers.*k_proj"), R"(.*model\.decoder\.layers.*k_proj.*)");
  EXPECT_EQ(layer_regex("mlp.gate$"), R"(.*mlp\.gate$)");
  EXPECT_EQ(layer_regex(R"(layers.\d+.self)"), R"(.*layers\.\d+\.self.*)");
  EXPECT_EQ(layer_regex("k_proj|v_proj"), ".*k_proj|v_proj.*");
  EXPECT_EQ(layer_regex("layers.1"), R"(.*layers\.1.*)");
  EXPECT_EQ(layer_regex(R"(model\.layers.*)"), R"(.*model\\.layers.*)");
  EXPECT_EQ(layer_regex("*.k_proj"), R"(.*\*\.k_proj.*)");
  EXPECT_EQ(layer_regex("^model"), "^model.*");
}

TEST(LayerRegex, SearchesAsPythonDoes) {
  const auto found = [](const char* pattern, const char* name) {
    return Pattern(layer_regex(pattern), "test").found_in(name);
  };
  EXPECT_TRUE(found(R"(layers.\d+.self)", "model.layers.12.self_attn.q_proj"));
  EXPECT_TRUE(found("k_proj|v_proj", "a.v_proj"));
  EXPECT_TRUE(found("layers.1", "model.layers.10.mlp"));
  EXPECT_FALSE(found("mlp.gate$", "model.mlp.gate_proj"));
  EXPECT_FALSE(found("*.k_proj", "model.k_proj"));
  EXPECT_FALSE(found(R"(model\.layers.*)", "model.layers.1"));
  EXPECT_TRUE(found("(?P<n>up|down)_proj$", "mlp.down_proj"));
  EXPECT_TRUE(found("layers.(?!0)[0-9]", "layers.3.q"));
  EXPECT_FALSE(found("layers.(?!0)[0-9]", "layers.0.q"));
  expect_error(Exit::kUsage, {"test", "(", "not a regular expression"}, [] { const Pattern p("a(", "test"); });
  expect_error(Exit::kUsage, {"UTF-8"}, [] { const Pattern p("\xff", "test"); });
}

TEST(CompressNames, FoldsNumbersFromTheRight) {
  EXPECT_EQ(compress_names({"model.layers.0.q", "model.layers.1.q", "model.layers.2.q", "model.layers.5.q"}),
            "model.layers.[0-2,5].q");
  EXPECT_EQ(compress_names({"lm_head", "layers.0.experts.0.d", "layers.0.experts.1.d", "layers.10.experts.0.d",
                            "layers.10.experts.1.d"}),
            "layers.[0,10].experts.[0-1].d, lm_head");
  EXPECT_EQ(compress_names({"layers.0.experts.0.d", "layers.1.experts.0.d"}),
            "layers.0.experts.0.d, layers.1.experts.0.d");
  EXPECT_EQ(compress_names({"x.1", "x.2", "x.10"}), "x.[1-2,10]");
  EXPECT_EQ(compress_names({"a.3.q"}), "a.3.q");
  EXPECT_EQ(compress_names({}), "");
}

}  // namespace
}  // namespace ar::model
