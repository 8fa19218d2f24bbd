#include "core/plugin/registry.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <mutex>
#include <thread>

#include "core/base/error.hpp"
#include "core/base/log.hpp"
#include "core/plugin/builtin_plugins.hpp"
#include "fixture_folder.hpp"

extern "C" const ar_plugin_desc* ar_plugin_entry_good();

namespace ar::plugin {
namespace {

/// Collects what is logged while it lives.
class Log {
 public:
  Log() {
    base::set_log_sink([this](const base::LogRecord& r) { lines.emplace_back(r.message); });
  }
  ~Log() { base::set_log_sink(nullptr); }
  std::vector<std::string> lines;
};

TEST(Registry, OpensByIdAliasAndSubName) {
  const FixtureFolder folder({"good"});
  Registry& registry = Registry::make(folder.options());
  EXPECT_STREQ(registry.format("good").desc->id, "good");
  EXPECT_STREQ(registry.format("good:anything").desc->id, "good");
  EXPECT_STREQ(registry.format("fine").desc->id, "good");
  EXPECT_EQ(&registry.format("good"), &registry.format("fine:x"));
  EXPECT_EQ(registry.format("good").origin, (folder.path() / "good.format.so").string());
}

/// So that "auto_round:mlx" needs nothing but the folder of mlx.
TEST(Registry, ANameWithAColonMayBeAnotherPluginsAlias) {
  const FixtureFolder folder({"good", "guest"});
  Registry& registry = Registry::make(folder.options());
  EXPECT_STREQ(registry.format("good:guest").desc->id, "guest");
  EXPECT_STREQ(registry.format("good:guest:more").desc->id, "guest");
  EXPECT_STREQ(registry.format("good:small").desc->id, "good");
  EXPECT_STREQ(registry.format("good:anything").desc->id, "good");
}

TEST(Registry, CompletesOptionalFunctions) {
  const FixtureFolder folder({"good"});
  const Format& good = Registry::make(folder.options()).format("good");
  ar_error err{};
  EXPECT_EQ(good.api.unpack(nullptr, nullptr, nullptr, 0, nullptr, &err), AR_UNSUPPORTED);
  EXPECT_STREQ(err.text, "this plugin has no function 'unpack'");
  EXPECT_EQ(good.api.read_layer(nullptr, nullptr, nullptr, 0, nullptr, nullptr), AR_UNSUPPORTED);
  EXPECT_EQ(good.api.owns("{}"), 0);
}

TEST(Registry, AcceptsAPluginOfEveryReleasedMinor) {
  SearchOptions options;
  options.dirs = {(fixtures() / "abi_1_0").string()};
  EXPECT_STREQ(Registry::make(options).format("released_1_0").desc->version, "1.0");
}

TEST(Registry, OpensNothingBeforeItIsAsked) {
  const FixtureFolder folder({"good", "crashes_at_load"});
  const Log log;
  Registry& registry = Registry::make(folder.options());
  EXPECT_EQ(registry.ids(AR_KIND_FORMAT), (std::vector<std::string>{"crashes_at_load", "good"}));
  registry.format("good");
  EXPECT_TRUE(log.lines.empty());
}

TEST(Registry, WarnsOnceAboutABrokenOneThatNobodyAskedFor) {
  const FixtureFolder folder({"good", "wrong_major"});
  const Log log;
  Registry& registry = Registry::make(folder.options());
  registry.format("fine");
  registry.formats();
  ASSERT_EQ(log.lines.size(), 1U);
  EXPECT_EQ(log.lines[0],
            "the plugin " + (folder.path() / "wrong_major.format.so").string() +
                " is left out: it is made for SDK 2.0, this program has 1.0: the major numbers must be equal");
}

TEST(Registry, UnknownNameGetsANeighbourAndTheList) {
  const FixtureFolder folder({"good"});
  try {
    Registry::make(folder.options()).format("goood");
    FAIL() << "a format of that name was found";
  } catch (const base::Error& e) {
    EXPECT_EQ(e.exit(), base::Exit::kUsage);
    EXPECT_EQ(std::string(e.what()),
              "unknown format 'goood'; did you mean 'good'?\n  available: good, fine, good:small\n  searched: " +
                  folder.path().string() +
                  " (--plugin-dir): searched; AR_PLUGIN_PATH: unset; install folder: unset; built in: searched");
  }
}

TEST(Registry, FirstPlaceWinsAndTheLaterOneIsShadowed) {
  const FixtureFolder first({"good"});
  const FixtureFolder second({"good"});
  SearchOptions options = first.options();
  options.dirs.push_back(second.path().string());
  options.builtins = {{AR_KIND_FORMAT, "good", ar_plugin_entry_good, nullptr}};
  Registry& registry = Registry::make(options);
  EXPECT_EQ(registry.format("good").origin, (first.path() / "good.format.so").string());
  const auto rows = registry.list(AR_KIND_FORMAT);
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[0].state, State::kUsable);
  EXPECT_EQ(rows[1].state, State::kShadowed);
  EXPECT_EQ(rows[1].reason, "hidden by " + (first.path() / "good.format.so").string());
  EXPECT_EQ(rows[2].origin, "built in");
}

TEST(Registry, LinkedInPluginGoesThroughTheSameChecks) {
  SearchOptions options;
  options.builtins = {{AR_KIND_FORMAT, "good", ar_plugin_entry_good, nullptr},
                      {AR_KIND_FORMAT, "renamed", ar_plugin_entry_good, nullptr}};
  Registry& registry = Registry::make(options);
  EXPECT_EQ(registry.format("good").origin, "built in");
  const auto rows = registry.list(AR_KIND_FORMAT);
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[1].reason, "its descriptor has the id 'good', its name says 'renamed'");
}

TEST(Registry, LeavesFilesThatAreNoPluginsAlone) {
  const FixtureFolder folder({"good"});
  for (const char* name : {"README", "libgood.so", "good.format.so.1", ".format.so", "a-b.format.so", "x.kernel.so"}) {
    folder.add(fixtures() / "not_a_library.format.so", name);
  }
  EXPECT_EQ(Registry::make(folder.options()).list(AR_KIND_FORMAT).size(), 1U);
}

TEST(Registry, IsUsableFromManyThreads) {
  const FixtureFolder folder({"good", "no_entry", "wrong_tag"});
  Registry& registry = Registry::make(folder.options());
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&registry, i] {
      EXPECT_STREQ(registry.format(i % 2 == 0 ? "good" : "fine").desc->id, "good");
      EXPECT_EQ(registry.list(AR_KIND_FORMAT).size(), 3U);
    });
  }
  for (auto& t : threads) t.join();
}

// A file that needs LibTorch: told from its sidecar where LibTorch is not wanted.

SearchOptions torch_options(const FixtureFolder& folder) {
  SearchOptions options = folder.options();
  options.torch_allowed = false;
  return options;
}

TEST(TorchPlugin, IsDescribedWithoutBeingOpened) {
  const FixtureFolder folder;
  folder.add(fixtures() / "torch/tagged/torch_like.format.so");
  auto row = Registry::make(torch_options(folder)).list(AR_KIND_FORMAT).at(0);
  EXPECT_EQ(row.state, State::kDescribed);
  EXPECT_EQ(row.reason, "it needs LibTorch and has no sidecar file; only its name is known");

  std::ofstream(folder.path() / "torch_like.format.json")
      << R"({"kind":"format","id":"torch_like","aliases":[],"title":"A fixture","version":"1.0","sdk_major":1,)"
      << R"("sdk_minor":0,"build_tag":"torch=9.9.9","capabilities":["W4A16"]})";
  row = Registry::make(torch_options(folder)).list(AR_KIND_FORMAT).at(0);
  EXPECT_EQ(row.state, State::kDescribed);
  EXPECT_EQ(row.reason, "");
  EXPECT_EQ(row.capabilities, std::vector<std::string>{"W4A16"});
}

TEST(TorchPlugin, OpensWhereLibTorchIsWanted) {
  const FixtureFolder folder;
  folder.add(fixtures() / "torch/tagged/torch_like.format.so");
  EXPECT_STREQ(Registry::make(folder.options()).format("torch_like").desc->build_tag, "torch=9.9.9");
}

TEST(TorchPlugin, NeedsABuildTag) {
  const FixtureFolder folder;
  folder.add(fixtures() / "torch/untagged/torch_like.format.so");
  const auto row = Registry::make(folder.options()).list(AR_KIND_FORMAT).at(0);
  EXPECT_EQ(row.reason, "it carries no build tag, which a plugin with LibTorch needs");
}

TEST(TorchPlugin, WarnsWhenTheSidecarIsNotItsOwn) {
  const FixtureFolder folder;
  folder.add(fixtures() / "torch/tagged/torch_like.format.so");
  std::ofstream(folder.path() / "torch_like.format.json")
      << R"({"kind":"format","id":"torch_like","aliases":[],"title":"A fixture","version":"0.9","sdk_major":1,)"
      << R"("sdk_minor":0,"build_tag":"torch=9.9.9","capabilities":[]})";
  const Log log;
  Registry::make(folder.options()).format("torch_like");
  ASSERT_EQ(log.lines.size(), 1U);
  EXPECT_NE(log.lines[0].find("version differ"), std::string::npos) << log.lines[0];
}

TEST(TorchPlugin, WithAStaleTagIsBrokenByItsSidecarAlone) {
  const FixtureFolder folder;
  folder.add(fixtures() / "torch/tagged/torch_like.format.so");
  std::ofstream(folder.path() / "torch_like.format.json")
      << R"({"kind":"format","id":"torch_like","aliases":[],"title":"A fixture","version":"1.0","sdk_major":1,)"
      << R"("sdk_minor":0,"build_tag":"torch=2.6.0","capabilities":[]})";
  const auto row = Registry::make(torch_options(folder)).list(AR_KIND_FORMAT).at(0);
  EXPECT_EQ(row.state, State::kBroken);
  EXPECT_EQ(row.reason, "it was built differently: torch 2.6.0, this program 9.9.9");
}

}  // namespace
}  // namespace ar::plugin
