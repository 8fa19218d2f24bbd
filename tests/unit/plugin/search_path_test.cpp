#include "core/plugin/search_path.hpp"

#include <gtest/gtest.h>

#include "fixture_folder.hpp"

namespace ar::plugin {
namespace {

std::vector<std::string> described(const SearchOptions& options) {
  std::vector<std::string> texts;
  for (const Place& place : search_places(options)) texts.push_back(describe(place));
  return texts;
}

TEST(SearchPlaces, AreInOrderWithTheirOutcomes) {
  const FixtureFolder a;
  const FixtureFolder b;
  SearchOptions options;
  options.dirs = {a.path().string(), "/no/such/folder"};
  options.env_path = b.path().string() + "::/also/absent";
  options.install_dir = "/usr";
  EXPECT_EQ(described(options),
            (std::vector<std::string>{
                a.path().string() + " (--plugin-dir): searched", "/no/such/folder (--plugin-dir): absent",
                b.path().string() + " (AR_PLUGIN_PATH): searched", "/also/absent (AR_PLUGIN_PATH): absent",
                "/usr (install folder): searched", "built in: searched"}));
}

TEST(SearchPlaces, NoDefaultPluginsDropsEnvironmentAndInstallFolder) {
  SearchOptions options;
  options.env_path = "/usr";
  options.install_dir = "/usr";
  options.defaults = false;
  EXPECT_EQ(described(options), (std::vector<std::string>{"AR_PLUGIN_PATH: switched off",
                                                          "install folder: switched off", "built in: searched"}));
}

TEST(SearchPlaces, EmptyEntriesAreNotTheCurrentFolder) {
  SearchOptions options;
  options.env_path = ":";
  EXPECT_EQ(described(options).size(), 2U);  // install folder and built in
}

TEST(SearchPlaces, AFileIsUnreadable) {
  SearchOptions options;
  options.dirs = {"/proc/self/exe"};
  EXPECT_NE(described(options).at(0).find("unreadable, "), std::string::npos);
}

TEST(SearchPlaces, InstallFolderIsBesideTheExecutable) {
  const std::string dir = default_search_options().install_dir;
  EXPECT_EQ(dir,
            (std::filesystem::read_symlink("/proc/self/exe").parent_path().parent_path() / "lib/auto-round/plugins")
                .string());
}

}  // namespace
}  // namespace ar::plugin
