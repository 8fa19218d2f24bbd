#include "common/python_json.hpp"

#include <gtest/gtest.h>
#include <boost/json.hpp>

#include "common/config_json.hpp"

namespace ar::formats {
namespace {

std::string text(const char* json, bool sort_keys = false) { return python_json(boost::json::parse(json), sort_keys); }

TEST(PythonJson, IndentsByTwoAndKeepsEmptyContainersShort) {
  EXPECT_EQ(text(R"({"b":[1,{"x":null}],"a":{},"c":[]})"),
            "{\n  \"b\": [\n    1,\n    {\n      \"x\": null\n    }\n  ],\n  \"a\": {},\n  \"c\": []\n}");
}

TEST(PythonJson, SortsKeysAtEveryDepth) {
  EXPECT_EQ(text(R"({"b":{"z":1,"y":2},"B":true})", true),
            "{\n  \"B\": true,\n  \"b\": {\n    \"y\": 2,\n    \"z\": 1\n  }\n}");
}

TEST(PythonJson, WritesFloatsAsPythonDoes) {
  EXPECT_EQ(text("1e-06"), "1e-06");
  EXPECT_EQ(text("0.0001"), "0.0001");
  EXPECT_EQ(text("0.00001"), "1e-05");
  EXPECT_EQ(text("10000.0"), "10000.0");
  EXPECT_EQ(text("1e15"), "1000000000000000.0");
  EXPECT_EQ(text("1e16"), "1e+16");
  EXPECT_EQ(text("1.5e300"), "1.5e+300");
  EXPECT_EQ(text("-0.0"), "-0.0");
  EXPECT_EQ(text("0.1"), "0.1");
  EXPECT_EQ(text("123456789012"), "123456789012");
}

TEST(PythonJson, EscapesWhatIsNotAscii) {
  EXPECT_EQ(text("\"a\\\"\\\\\\n\\u001f \x7f \xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\""),
            "\"a\\\"\\\\\\n\\u001f \\u007f \\u00e9 \\u20ac \\ud83d\\ude00\"");
}

TEST(ConfigJson, KeepsTheSpellingOfTheElementType) {
  const auto config = boost::json::parse(R"({"torch_dtype":"float32"})").get_object();
  EXPECT_EQ(config_json(config, "bfloat16", {}, ""), "{\n  \"torch_dtype\": \"bfloat16\"\n}\n");
  EXPECT_EQ(config_json({}, "bfloat16", {}, ""), "{\n  \"dtype\": \"bfloat16\"\n}\n");
}

TEST(ConfigJson, PutsAnAnnouncedTypeLast) {
  const auto config = boost::json::parse(R"({"z":1,"dtype":"bfloat16"})").get_object();
  EXPECT_EQ(config_json(config, "bfloat16", {}, "float16"),
            "{\n  \"dtype\": \"float16\",\n  \"z\": 1,\n  \"torch_dtype\": \"float16\"\n}");
  EXPECT_EQ(config_json(config, "float16", {}, "float16"), "{\n  \"dtype\": \"float16\",\n  \"z\": 1\n}\n");
}

}  // namespace
}  // namespace ar::formats
