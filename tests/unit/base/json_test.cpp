#include "core/base/json.hpp"

#include <functional>

#include <gtest/gtest.h>

#include "core/base/error.hpp"

namespace {

using ar::base::JsonCursor;
using ar::base::parse_json;

std::string message_of(const std::function<void()>& body) {
  try {
    body();
  } catch (const ar::base::Error& error) {
    EXPECT_EQ(error.exit(), ar::base::Exit::kFailed);
    return error.what();
  }
  return "no error";
}

const auto kConfig =
    parse_json(R"({"rope": {"factor": "8", "list": [1, 2.5, 3.0]}, "none": null, "big": 1e30})", "config.json");
const JsonCursor kRoot(kConfig, "config.json");

TEST(JsonCursor, ReadsTypedValues) {
  EXPECT_EQ(kRoot.at("rope").at("list").at(2).as_int(), 3);
  EXPECT_EQ(kRoot.at("rope").at("list").at(1).as_double(), 2.5);
  EXPECT_EQ(kRoot.get_int("none", 7), 7);
  EXPECT_FALSE(kRoot.find("absent"));
}

TEST(JsonCursor, NamesThePathInErrors) {
  EXPECT_EQ(message_of([] { kRoot.at("rope").get_int("factor"); }),
            "config.json: rope.factor is a string; expected an integer");
  EXPECT_EQ(message_of([] { kRoot.at("rope").at("list").at(1).as_int(); }),
            "config.json: rope.list[1] is 2.5E0; expected an integer");
  EXPECT_EQ(message_of([] { kRoot.get_string("absent"); }), "config.json has no \"absent\"");
  EXPECT_EQ(message_of([] { kRoot.at("rope").at("list").at(3); }),
            "config.json: rope.list has 3 elements; element 3 is missing");
  EXPECT_NE(message_of([] { kRoot.get_int("big"); }), "no error");
}

TEST(ParseJson, NamesFileAndPosition) {
  const auto text = message_of([] { parse_json("{\"a\": 1,\n  x}", "c.json"); });
  EXPECT_EQ(text.rfind("c.json: not valid JSON at line 2 column 3", 0), 0U) << text;
  EXPECT_NE(message_of([] { parse_json("{} {}", "c.json"); }), "no error");
  EXPECT_NE(message_of([] { parse_json("[1,", "c.json"); }), "no error");
  EXPECT_NE(message_of([] { parse_json("", "c.json"); }), "no error");
}

TEST(ParseJson, RefusesEndlessNesting) {
  EXPECT_NE(message_of([] { parse_json(std::string(100000, '['), "c.json"); }), "no error");
}

TEST(ParseJsonFile, NamesTheMissingFile) {
  EXPECT_EQ(message_of([] { ar::base::parse_json_file("/no/such/config.json"); }),
            "/no/such/config.json: cannot be opened: No such file or directory");
}

}  // namespace
