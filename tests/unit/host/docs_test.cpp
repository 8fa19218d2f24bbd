// What users can set is written down.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "host/option_table.hpp"

namespace ar::host {
namespace {

std::string read(const char* name) {
  std::ifstream file(std::string(AR_SOURCE_DIR) + "/docs/" + name);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(Docs, NameEveryOption) {
  const auto text = read("cli.md");
  for (const auto& option : quantize_options()) {
    for (const auto& name : split_names(option)) EXPECT_NE(text.find("`--" + name + "`"), std::string::npos) << name;
  }
}

TEST(Docs, SayWhatIsRefused) {
  const auto text = read("cli.md");
  for (const auto& option : quantize_options()) {
    const auto at = text.find("| `--" + split_names(option).front() + "`");
    ASSERT_NE(at, std::string::npos) << option.names;
    const auto row = text.substr(at, text.find('\n', at) - at);
    EXPECT_EQ(row.find("| refused |") != std::string::npos, option.status == Status::kLater) << row;
  }
}

}  // namespace
}  // namespace ar::host
