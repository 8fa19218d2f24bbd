#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "core/base/error.hpp"
#include "fixture_folder.hpp"

// Every sentence of the loader, each triggered by a library of tests/plugins.

namespace ar::plugin {
namespace {

struct Case {
  const char* fixture;
  const char* sentence;
};
void PrintTo(const Case& c, std::ostream* out) { *out << c.fixture; }

std::string failure(const SearchOptions& options, const char* name, base::Exit expected) {
  try {
    Registry::make(options).format(name);
  } catch (const base::Error& e) {
    EXPECT_EQ(e.exit(), expected);
    return e.what();
  }
  return "no failure";
}

class BrokenPlugin : public testing::TestWithParam<Case> {};

TEST_P(BrokenPlugin, EndsWithTheReason) {
  const FixtureFolder folder({GetParam().fixture});
  const std::string text = failure(folder.options(), GetParam().fixture, base::Exit::kPlugin);
  EXPECT_NE(text.find(std::string("reason: ") + GetParam().sentence), std::string::npos) << text;
  const std::string wanted = std::string("the format '") + GetParam().fixture + "' cannot be used";
  EXPECT_NE(text.find(wanted), std::string::npos) << text;
  EXPECT_NE(text.find(folder.path().string() + "/" + GetParam().fixture + ".format.so (--plugin-dir)"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("also searched: AR_PLUGIN_PATH: unset; install folder: unset; built in: searched"),
            std::string::npos)
      << text;
}

TEST_P(BrokenPlugin, IsARowOfTheList) {
  const FixtureFolder folder({GetParam().fixture, "good"});
  const auto rows = Registry::make(folder.options()).list(AR_KIND_FORMAT);
  ASSERT_EQ(rows.size(), 2U);
  const Row& row = rows[0].id == "good" ? rows[1] : rows[0];
  EXPECT_EQ(row.id, GetParam().fixture);
  EXPECT_EQ(row.state, State::kBroken);
  EXPECT_EQ(row.reason.rfind(GetParam().sentence, 0), 0U) << row.reason;
}

TEST_P(BrokenPlugin, DoesNotStopARunThatNeedsAnother) {
  const FixtureFolder folder({GetParam().fixture, "good"});
  Registry& registry = Registry::make(folder.options());
  EXPECT_STREQ(registry.format("good").desc->id, "good");
  EXPECT_STREQ(registry.format("fine").desc->id, "good");  // an alias: the others are opened to read theirs
}

constexpr Case kCases[] = {
    {"not_a_library", "it cannot be opened: "},
    {"unresolved_symbol", "it cannot be opened: "},
    {"crashes_at_load", "opening it crashes (signal 11, Segmentation fault)"},
    {"exits_at_load", "opening it ends the process (exit status 0)"},
    {"no_entry", "it exports no ar_plugin_entry, so it is no plugin"},
    {"null_desc", "ar_plugin_entry returned no descriptor"},
    {"throws", "ar_plugin_entry threw an exception: no licence file"},
    {"wrong_major", "it is made for SDK 2.0, this program has 1.0: the major numbers must be equal"},
    {"newer_minor", "it is made for SDK 1.1, this program has 1.0: a newer program is needed"},
    {"short_desc", "its descriptor has 16 bytes, SDK 1.0 has 80"},
    {"no_title", "its descriptor has no title"},
    {"wrong_kind", "its descriptor says it is a device, its name says format"},
    {"wrong_id", "its descriptor has the id 'another_id', its name says 'wrong_id'"},
    {"wrong_tag", "it was built differently: cxx11abi 0, this program none; torch 1.0.0, this program 9.9.9"},
    {"no_table", "its descriptor has no function table"},
    {"missing_function", "it lacks the required function 'pack'"},
    {"short_table", "it lacks the required function 'close'"}};

INSTANTIATE_TEST_SUITE_P(Fixtures, BrokenPlugin, testing::ValuesIn(kCases),
                         [](const auto& param) { return std::string(param.param.fixture); });

std::string read(const std::filesystem::path& path) {
  std::ostringstream bytes;
  bytes << std::ifstream(path, std::ios::binary).rdbuf();
  return bytes.str();
}
void write(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

TEST(BrokenFile, OfAnotherMachineNamesBoth) {
  const FixtureFolder folder;
  std::string bytes = read(fixtures() / "good.format.so");
  bytes[18] = '\xF3';  // e_machine: RISC-V
  bytes[19] = '\0';
  write(folder.path() / "good.format.so", bytes);
  const std::string text = failure(folder.options(), "good", base::Exit::kPlugin);
  EXPECT_NE(text.find("it cannot be opened: it is built for RISC-V, this program for "), std::string::npos) << text;
}

TEST(BrokenFile, TruncatedAnywhereIsAReason) {
  const std::string bytes = read(fixtures() / "good.format.so");
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{20}, std::size_t{64}, std::size_t{700}, std::size_t{2000}}) {
    const FixtureFolder folder;
    write(folder.path() / "good.format.so", bytes.substr(0, size));
    const auto rows = Registry::make(folder.options()).list(AR_KIND_FORMAT);
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_EQ(rows[0].state, State::kBroken) << size;
    EXPECT_FALSE(rows[0].reason.empty());
  }
}

TEST(BrokenFile, FolderWithAPluginsNameIsAReason) {
  const FixtureFolder folder;
  std::filesystem::create_directory(folder.path() / "x.format.so");
  const auto rows = Registry::make(folder.options()).list(AR_KIND_FORMAT);
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].state, State::kBroken);
}

TEST(BrokenFile, DanglingLinkIsAReason) {
  const FixtureFolder folder;
  std::filesystem::create_symlink("/nowhere", folder.path() / "x.format.so");
  const auto rows = Registry::make(folder.options()).list(AR_KIND_FORMAT);
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_NE(rows[0].reason.find("No such file"), std::string::npos) << rows[0].reason;
}

}  // namespace
}  // namespace ar::plugin
