// What holds for a plugin of any kind.
#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "core/plugin/elf.hpp"
#include "core/plugin/library.hpp"
#include "core/plugin/sidecar.hpp"
#include "subject.hpp"

namespace ar::conformance {
namespace {

namespace fs = std::filesystem;

/// Models may show the C++ interface and the types of what they throw; sanitizers add symbols of their own.
bool may_be_exported(const std::string& symbol, ar_kind kind) {
  if (symbol == "ar_plugin_entry" || symbol.find("__asan") != std::string::npos ||
      symbol.find("__odr_asan") != std::string::npos || symbol.find("__tsan") != std::string::npos) {
    return true;
  }
  return kind == AR_KIND_MODEL &&
         (symbol.find("2ar9ModelArch") != std::string::npos || symbol.find("2ar5Error") != std::string::npos);
}

TEST(CommonRules, ExportsNothingButItsEntry) {
  std::string others;
  int n_others = 0;
  for (const std::string& symbol : plugin::exported_symbols(subject().path)) {
    if (may_be_exported(symbol, subject().kind)) continue;
    if (++n_others <= 3) others += " " + symbol;
  }
  EXPECT_EQ(n_others, 0) << "exported as well:" << others << (n_others > 3 ? " ..." : "")
                         << "; compile with hidden visibility and link with a version script, as ar_add_plugin does";
}

TEST(CommonRules, DescribesItself) {
  const ar_plugin_desc& desc = *subject().desc;
  EXPECT_EQ(desc.flags, 0U) << "flags are reserved";
  EXPECT_STRNE(desc.title, "") << "the title is empty";
  EXPECT_STRNE(desc.version, "") << "the version is empty";
  EXPECT_EQ(std::string(desc.title).find('\n'), std::string::npos) << "the title is one line";
  const auto d = plugin::describe(desc);
  const std::set<std::string> aliases(d.aliases.begin(), d.aliases.end());
  EXPECT_EQ(aliases.size(), d.aliases.size()) << "an alias is named twice";
  EXPECT_EQ(aliases.count(d.id), 0U) << "the id is among the aliases";
  const std::set<std::string> capabilities(d.capabilities.begin(), d.capabilities.end());
  EXPECT_EQ(capabilities.size(), d.capabilities.size()) << "a capability is named twice";
}

TEST(CommonRules, OpensTwiceAsTheSame) { EXPECT_EQ(plugin::open_library(subject().path), subject().desc); }

TEST(CommonRules, OpensFromAPathWithBlanksAndLetters) {
  std::string pattern = (fs::temp_directory_path() / "plugin ordnér XXXXXX").string();
  const fs::path folder = ::mkdtemp(pattern.data());
  const fs::path copy = folder / fs::path(subject().path).filename();
  fs::copy_file(subject().path, copy);
  try {
    EXPECT_EQ(plugin::open_library(copy.string())->id, std::string(subject().id));
  } catch (const std::exception& e) {
    ADD_FAILURE() << copy.string() << ": " << e.what();
  }
  fs::remove_all(folder);
}

}  // namespace
}  // namespace ar::conformance
