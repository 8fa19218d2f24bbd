#include "core/calib/dataset_spec.hpp"

#include <gtest/gtest.h>

#include "core/base/error.hpp"

namespace {

using ar::calib::parse_dataset_spec;

std::string refusal(const std::string& text) {
  try {
    parse_dataset_spec(text);
  } catch (const ar::base::Error& error) {
    EXPECT_EQ(error.exit(), ar::base::Exit::kUsage);
    return error.what();
  }
  return "accepted";
}

TEST(DatasetSpec, ReadsSourcesAndParameters) {
  const auto sources = parse_dataset_spec("./tmp.json:num=4, calib.jsonl:concat:num=8:split=train+test");
  ASSERT_EQ(sources.size(), 2U);
  EXPECT_EQ(sources[0].name, "./tmp.json");
  EXPECT_EQ(sources[0].num, 4);
  EXPECT_FALSE(sources[0].concat);
  EXPECT_EQ(sources[1].name, "calib.jsonl");
  EXPECT_EQ(sources[1].num, 8);
  EXPECT_TRUE(sources[1].concat);
  EXPECT_FALSE(sources[1].apply_chat_template);
}

TEST(DatasetSpec, TakesAnythingButFalseForOn) {
  EXPECT_TRUE(parse_dataset_spec("a.json:concat=yes")[0].concat);
  EXPECT_FALSE(parse_dataset_spec("a.json:concat=False")[0].concat);
  EXPECT_TRUE(parse_dataset_spec("a.json:apply_chat_template")[0].apply_chat_template);
}

TEST(DatasetSpec, KeepsWhatIsQuoted) {
  const auto source = parse_dataset_spec("a.json : system_prompt = \"Be brief, please: a = b.\" , 'b c.json'");
  EXPECT_EQ(source[0].name, "a.json");
  EXPECT_EQ(source[0].system_prompt, "Be brief, please: a = b.");
  EXPECT_TRUE(source[0].apply_chat_template);
  EXPECT_EQ(source[1].name, "b c.json");
  EXPECT_EQ(source[1].system_prompt, "You are a helpful assistant.");
  EXPECT_EQ(parse_dataset_spec("a.json:system_prompt=''")[0].system_prompt, "");
}

TEST(DatasetSpec, IgnoresUnknownKeysAsUpstream) {
  EXPECT_EQ(parse_dataset_spec("NeelNanda/pile-10k:train")[0].name, "NeelNanda/pile-10k");
}

TEST(DatasetSpec, RefusesBadText) {
  EXPECT_EQ(refusal("a.json,"), "--dataset \"a.json,\": source 2 has no name");
  EXPECT_EQ(refusal(""), "--dataset \"\": source 1 has no name");
  EXPECT_EQ(refusal("a.json:num=x"), "--dataset a.json: num=\"x\" is no count; expected a positive integer");
  EXPECT_EQ(refusal("a.json:num"), "--dataset a.json: num=\"\" is no count; expected a positive integer");
  EXPECT_EQ(refusal("a.json:system_prompt=\"x"), "--dataset \"a.json:system_prompt=\"x\": the quote \" is not closed");
}

}  // namespace
