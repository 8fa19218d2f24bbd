#include "plugins/models/common/rope.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "ar/cpp/error.hpp"

namespace ar::models {
namespace {

Rope read(const std::string& json) { return read_rope(Config(json), 8, 512, 10000.0); }

std::string failure(const std::string& json) {
  try {
    read(json);
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}

TEST(RopeConfig, ReadsBothSpellings) {
  const Rope older = read(R"({"rope_theta": 5e5, "rope_scaling": {"type": "linear", "factor": 4}})");
  const Rope newer = read(R"({"rope_parameters": {"rope_type": "linear", "factor": 4, "rope_theta": 5e5}})");
  for (const Rope& rope : {older, newer}) {
    EXPECT_EQ(rope.type, "linear");
    EXPECT_EQ(rope.theta, 5e5);
    EXPECT_EQ(rope.factor, 4.0);
  }
}

TEST(RopeConfig, PrefersTheDictionaryToTheTopLevel) {
  EXPECT_EQ(read(R"({"rope_theta": 7, "rope_parameters": {"rope_theta": 9}})").theta, 9.0);
  EXPECT_EQ(read(R"({"rope_theta": 7, "rope_scaling": null})").theta, 7.0);
  EXPECT_EQ(read("{}").theta, 10000.0);
}

TEST(RopeConfig, PrefersTheOriginalLengthAtTheTopLevel) {
  const char* text = R"({"original_max_position_embeddings": 64,
      "rope_scaling": {"type": "yarn", "factor": 8, "original_max_position_embeddings": 32}})";
  EXPECT_EQ(read(text).original_positions, 64);
  EXPECT_EQ(read(R"({"rope_scaling": {"type": "yarn", "factor": 8}})").original_positions, 512);
}

TEST(RopeConfig, NamesWhatIsWrong) {
  EXPECT_EQ(
      failure(R"({"rope_scaling": {"rope_type": "spiral"}})"),
      "config.json: rope_scaling.rope_type is \"spiral\": must be default, linear, dynamic, llama3, yarn or longrope");
  EXPECT_EQ(failure(R"({"rope_scaling": {"type": "linear"}})"), "config.json: rope_scaling.factor is missing");
  EXPECT_EQ(failure(R"({"rope_scaling": {"type": "linear", "factor": "2"}})"),
            "config.json: rope_scaling.factor is \"2\": must be a number");
  EXPECT_EQ(failure(R"({"rope_scaling": {"type": "longrope", "factor": 2, "short_factor": [1], "long_factor": [1]}})"),
            "config.json: rope_scaling.short_factor is [1]: must be a list of 4 numbers");
}

TEST(RopeFrequencies, LongropeSwitchesListsBeyondTheOriginalLength) {
  const Rope rope = read(R"({"original_max_position_embeddings": 32, "rope_scaling":
      {"type": "longrope", "short_factor": [1, 1, 1, 1], "long_factor": [2, 2, 2, 2]}})");
  EXPECT_FLOAT_EQ(rope_frequencies(rope, 32)[0], 1.0f);
  EXPECT_FLOAT_EQ(rope_frequencies(rope, 33)[0], 0.5f);
  EXPECT_DOUBLE_EQ(rope.attention_factor, std::sqrt(1.0 + std::log(16.0) / std::log(32.0)));
}

TEST(RopeFrequencies, DynamicChangesBeyondTheTrainedLengthOnly) {
  const Rope rope = read(R"({"rope_scaling": {"type": "dynamic", "factor": 2}})");
  EXPECT_EQ(rope_frequencies(rope, 100), rope_frequencies(rope, 512));
  EXPECT_LT(rope_frequencies(rope, 1024)[3], rope_frequencies(rope, 512)[3]);
}

TEST(RopeFrequencies, EqualBoundsOfLlama3LeaveNoMiddle) {
  const Rope rope = read(R"({"rope_scaling": {"rope_type": "llama3", "factor": 8, "low_freq_factor": 1,
      "high_freq_factor": 1, "original_max_position_embeddings": 16}})");
  for (const float f : rope_frequencies(rope, 16)) EXPECT_TRUE(std::isfinite(f));
}

}  // namespace
}  // namespace ar::models
