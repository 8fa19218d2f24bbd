#include "core/plugin/verify.hpp"

#include <gtest/gtest.h>

#include "core/plugin/elf.hpp"
#include "core/plugin/probe.hpp"
#include "core/plugin/suggest.hpp"
#include "fixture_folder.hpp"

namespace ar::plugin {
namespace {

TEST(BuildTag, PrintsOnlyWhatDiffers) {
  EXPECT_EQ(differing_fields("torch=2.6.0;cxx11abi=1;san=", "torch=2.11.0;cxx11abi=1;san="),
            "torch 2.6.0, this program 2.11.0");
  EXPECT_EQ(differing_fields("torch=2.6.0;san=", "torch=2.6.0;san=address"), "san none, this program address");
  EXPECT_EQ(differing_fields("torch=2.6.0", "torch=2.6.0"), "");
}

TEST(Table, OfANewerPluginIsReadToTheHostsSize) {
  struct Newer {
    ar_model_api api;
    void* more;
  } newer{};
  newer.api.struct_size = sizeof(Newer);
  newer.api.match = [](const char*) -> int32_t { return 7; };
  newer.api.arch = []() -> void* { return nullptr; };
  const ar_model_api api = complete_model(&newer);
  EXPECT_EQ(api.struct_size, sizeof(ar_model_api));
  EXPECT_EQ(api.match("{}"), 7);
}

TEST(Table, OfSizeZeroLacksTheFirstFunction) {
  const ar_device_api empty{};
  EXPECT_THROW(complete_device(&empty), Rejection);
}

TEST(Elf, TellsWhatALibraryNeeds) {
  EXPECT_TRUE(needs_torch((fixtures() / "torch/tagged/torch_like.format.so").string()));
  EXPECT_FALSE(needs_torch((fixtures() / "good.format.so").string()));
  EXPECT_FALSE(needs_torch((fixtures() / "not_a_library.format.so").string()));
  EXPECT_FALSE(needs_torch("/no/such/file"));
  EXPECT_EQ(foreign_machine("/proc/self/exe"), "");
}

TEST(Child, ReportsEachItemByItself) {
  const auto outcomes = try_in_child(5, [](std::size_t i) {
    if (i == 1) std::abort();
    if (i == 2) throw 42;
    if (i == 3) ::_exit(9);
  });
  EXPECT_EQ(outcomes, (std::vector<std::string>{"", "opening it crashes (signal 6, Aborted)", "",
                                                "opening it ends the process (exit status 9)", ""}));
}

TEST(NearestName, ForgivesATypoAndNoMore) {
  EXPECT_EQ(nearest_name("auto_foo", {"fake", "auto_awq", "auto_round"}), "auto_awq");
  EXPECT_EQ(nearest_name("qwen33", {"llama", "qwen2", "qwen3"}), "qwen3");
  EXPECT_EQ(nearest_name("zzz", {"fake"}), "");
}

}  // namespace
}  // namespace ar::plugin
