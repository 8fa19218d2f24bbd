#include <gtest/gtest.h>

#include "core/base/error.hpp"
#include "host/cmd_list.hpp"
#include "host/list_rows.hpp"
#include "host/support_matrix.hpp"
#include "host/table.hpp"

namespace ar::host {
namespace {

plugin::Row row(const char* id, plugin::State state = plugin::State::kUsable) {
  return {AR_KIND_FORMAT, id, state,    state == plugin::State::kUsable ? "" : "why not", "/p/x.so", {}, "Title", "1.0",
          "1.0",          "", {"W4A16"}};
}

TEST(Table, AlignsByLettersNotBytes) {
  Table table({"A", "B"});
  table.add({"été", "x"});
  table.add({"four", "y"});
  table.add_note("long name", "a note that widens nothing");
  EXPECT_EQ(table.text(), "A          B\nété        x\nfour       y\nlong name  a note that widens nothing\n");
}

TEST(Json, IsOneRowALine) {
  EXPECT_EQ(json_lines({}), "[]\n");
  EXPECT_EQ(json_lines({1, "b"}), "[\n1,\n\"b\"\n]\n");
}

TEST(SupportMatrix, HasUpstreamsText) {
  auto round = row("auto_round");
  round.aliases = {"auto_round:auto_awq"};
  round.capabilities = {"W4A16", "W2A16", "auto_round:auto_awq=W4A16,BF16"};
  auto fake = row("fake");
  fake.capabilities = {"*"};
  const auto entries = format_entries({fake, round});
  EXPECT_EQ(support_matrix(entries, false),
            "AutoRound supported output formats and quantization scheme:\n"
            "auto_round support scheme:\n\tW4A16, W2A16\n"
            "auto_round:auto_awq support scheme:\n\tW4A16, BF16\n"
            "fake support scheme:\n\tAll schemes\n\n");
  EXPECT_NE(support_matrix(entries, true).find("\x1b[31;1mfake\x1b[0m support scheme:"), std::string::npos);
}

TEST(SupportMatrix, TakesTheSchemesOfTheSuffixWhenThatIsAFormat) {
  auto round = row("auto_round");
  round.aliases = {"auto_round:auto_gptq"};
  auto gptq = row("auto_gptq");
  gptq.capabilities = {"W8A16"};
  const auto entries = format_entries({gptq, round});
  ASSERT_EQ(entries.size(), 3U);
  EXPECT_EQ(entries[2].name, "auto_round:auto_gptq");
  EXPECT_EQ(entries[2].schemes, std::vector<std::string>{"W8A16"});
}

TEST(SupportMatrix, TellsWhatIsBrokenAndLeavesOutWhatIsShadowed) {
  const auto text =
      support_matrix(format_entries({row("a", plugin::State::kBroken), row("b", plugin::State::kShadowed)}), false);
  EXPECT_NE(text.find("a cannot be used:\n\twhy not\n"), std::string::npos);
  EXPECT_EQ(text.find("b "), std::string::npos);
}

TEST(PluginTable, ShowsShadowedRowsAndPlacesOnlyWhenVerbose) {
  const std::vector<PluginRow> rows = {{row("a"), ""}, {row("a", plugin::State::kShadowed), ""}};
  const std::vector<plugin::Place> places = {
      {plugin::Place::Source::kEnvironment, plugin::Place::Outcome::kUnset, "", ""}};
  EXPECT_EQ(plugin_table(rows, places, false).find("shadowed"), std::string::npos);
  const std::string verbose = plugin_table(rows, places, true);
  EXPECT_NE(verbose.find("a   shadowed: why not [/p/x.so]"), std::string::npos) << verbose;
  EXPECT_NE(verbose.find("Searched places:\n  AR_PLUGIN_PATH: unset\n"), std::string::npos) << verbose;
  EXPECT_EQ(plugin_json(rows, places, false).size(), 1U);
  EXPECT_EQ(plugin_json(rows, places, true).size(), 3U);
}

TEST(List, RefusesAnUnknownItemAndNamesTheValidOnes) {
  try {
    cmd_list({"everything"}, {});
    FAIL() << "accepted";
  } catch (const base::Error& e) {
    EXPECT_EQ(e.exit(), base::Exit::kUsage);
    EXPECT_STREQ(e.what(), "list everything: accepted are formats, devices, models, schemes, plugins and alg");
  }
}

TEST(List, TakesTheSingularAndIsStrictOnlyWhenAsked) {
  testing::internal::CaptureStdout();
  EXPECT_EQ(cmd_list({"format"}, {}), 0);
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "AutoRound supported output formats and quantization scheme:\n\n");
  plugin::SearchOptions broken;
  broken.builtins = {{AR_KIND_FORMAT, "x", [] { return static_cast<const ar_plugin_desc*>(nullptr); }, nullptr}};
  testing::internal::CaptureStdout();
  EXPECT_EQ(cmd_list({"plugins"}, broken), 0);
  EXPECT_EQ(cmd_list({"plugins", "--strict"}, broken), 1);
  EXPECT_NE(testing::internal::GetCapturedStdout().find("ar_plugin_entry_x returned no descriptor"), std::string::npos);
}

}  // namespace
}  // namespace ar::host
