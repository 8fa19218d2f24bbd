#include "core/calib/dataset.hpp"

#include <algorithm>
#include <fstream>

#include <gtest/gtest.h>
#include <boost/json.hpp>

#include "core/base/error.hpp"
#include "core/base/json.hpp"
#include "core/base/log.hpp"
#include "tests/unit/calib/golden.hpp"

namespace {

namespace fs = std::filesystem;
using ar::base::Error;
using ar::base::Exit;
using ar::calib::load_samples;
using ar::calib::Tokenizer;

/// Runs in the golden folder, so that sources have short relative names; collects what is logged.
class Dataset : public testing::Test {
 protected:
  void SetUp() override {
    fs::current_path(ar::test::tree_golden());
    ar::base::set_log_level(ar::base::Level::kDebug);
    ar::base::set_log_sink([this](const ar::base::LogRecord& record) { log_ += std::string(record.message) + "\n"; });
  }
  void TearDown() override {
    ar::base::set_log_sink(nullptr);
    ar::base::set_log_level(ar::base::Level::kInfo);
  }
  static std::string write(const std::string& name, const std::string& text) {
    const auto path = fs::path(testing::TempDir()) / name;
    std::ofstream(path) << text;
    return path.string();
  }
  std::string error_of(const std::string& spec, Exit exit, std::int64_t seqlen = 8) {
    try {
      load_samples({spec, 4, seqlen, 42}, gpt2_);
    } catch (const Error& error) {
      EXPECT_EQ(error.exit(), exit);
      return error.what();
    }
    return "no error";
  }

  inline static const Tokenizer gpt2_ = Tokenizer::open(ar::test::tree_golden() / "gpt2");
  std::string log_;
};

TEST_F(Dataset, DrawsUpstreamsRows) {
  const auto cases = ar::base::parse_json_file("samples.json");
  const ar::base::JsonCursor list(cases, "samples.json");
  for (std::size_t i = 0; i < list.size(); ++i) {
    const auto entry = list.at(i);
    fs::path tokenizer = entry.get_string("tokenizer");
    std::string spec = entry.get_string("dataset");
    if (tokenizer == "smollm2") {
      if (AR_SHARED_DIR[0] == '\0') continue;  // only with the full golden data
      tokenizer = fs::path(AR_SHARED_DIR) / "golden/tokenizers/smollm2";
      spec = AR_SHARED_DIR "/data/text/calib_wiki.jsonl";
    }
    const auto samples = load_samples(
        {spec, entry.get_int("nsamples"), entry.get_int("seqlen"), static_cast<std::uint64_t>(entry.get_int("seed"))},
        Tokenizer::open(tokenizer));
    EXPECT_EQ(samples.rows, boost::json::value_to<std::vector<std::vector<std::int32_t>>>(entry.at("rows").value()))
        << spec;
  }
}

TEST_F(Dataset, LogsTheShareOfEachSource) {
  const auto texts =
      write("more.jsonl", "\"one two three four five six\"\n{\"text\": \"a b c d e f g h\", \"n\": 1}\n");
  load_samples({"plays.json:num=3," + texts, 8, 4, 42}, gpt2_);
  EXPECT_NE(log_.find("{'" + texts + "': 2, 'plays.json': 3}\n"), std::string::npos) << log_;
}

TEST_F(Dataset, ConcatenatesToFullRows) {
  const auto samples = load_samples({"plays.json:concat=True", 5, 300, 42}, gpt2_);
  EXPECT_EQ(samples.rows.size(), 5U);
  for (const auto& row : samples.rows) EXPECT_EQ(row.size(), 300U);
}

TEST_F(Dataset, PutsTheBosBeforeEveryJoinedRow) {
  const auto stories = Tokenizer::open(fs::path(AR_SOURCE_DIR) / "examples/tinystories-656k");
  const auto samples = load_samples({"plays.json:concat", 3, 300, 42}, stories);
  EXPECT_EQ(samples.rows.size(), 3U);
  for (const auto& row : samples.rows) {
    EXPECT_EQ(row.size(), 300U);
    EXPECT_EQ(std::count(row.begin(), row.end(), 1), 1);
    EXPECT_EQ(row.front(), 1);
  }
}

TEST_F(Dataset, WarnsOnceOfTooFewSamples) {
  const auto samples = load_samples({"plays.json", 16, 200, 42}, gpt2_);
  EXPECT_LT(samples.rows.size(), 16U);
  EXPECT_NE(log_.find(std::to_string(samples.rows.size()) + " of 16"), std::string::npos) << log_;
}

TEST_F(Dataset, NamesTheNeededLength) {
  const auto text = error_of(write("short.jsonl", "{\"text\": \"too short\"}\n"), Exit::kNoData, 512);
  EXPECT_NE(text.find("at least 512 tokens"), std::string::npos) << text;
}

TEST_F(Dataset, DropsTextsThatRepeatOneToken) {
  const auto file =
      write("stuck.json", R"([" the the the the the the the the", "one two three four five six seven eight"])");
  EXPECT_EQ(load_samples({file, 4, 8, 42}, gpt2_).rows.size(), 1U);
}

TEST_F(Dataset, RefusesWhatItCannotRead) {
  EXPECT_NE(error_of("no/such_set", Exit::kUsage).find("known are pile-10k, "), std::string::npos);
  EXPECT_NE(error_of("NeelNanda/pile-10k", Exit::kUsage).find(".jsonl"), std::string::npos);
  EXPECT_NE(error_of(write("notes.txt", "x"), Exit::kUsage).find("only .json and .jsonl"), std::string::npos);
}

TEST_F(Dataset, NamesTheLineOfDamagedData) {
  const auto file = write("bad.jsonl", "\"fine\"\n\n{\"text\": 3}\n");
  EXPECT_EQ(error_of(file, Exit::kFailed), file + " line 3: text is a number; expected a string");
  const auto cut = write("cut.jsonl", "{\"text\": \n");
  EXPECT_EQ(error_of(cut, Exit::kFailed).rfind(cut + " line 1: not valid JSON", 0), 0U);
}

}  // namespace
