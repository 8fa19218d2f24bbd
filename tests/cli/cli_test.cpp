#include "tests/cli/cli_test.hpp"

#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>

#include <boost/json.hpp>

#include "tests/cli/fixtures.hpp"

namespace ar::cli {

void CliTest::SetUp() {
  settings_.folder = folder_.path();
  make_model("tiny-qwen3", in("tiny-qwen3"));
  make_texts(settings_.folder);
}

boost::json::object CliTest::recorded(const std::string& name) const {
  EXPECT_EQ(std::distance(fs::directory_iterator(in("out")), fs::directory_iterator()), 1);
  return read_object(in("out") / name / "quantization_config.json");
}

std::string read_file(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  EXPECT_TRUE(stream.good()) << file;
  return {std::istreambuf_iterator<char>(stream), {}};
}

boost::json::object read_object(const fs::path& file) { return boost::json::parse(read_file(file)).as_object(); }

std::map<std::string, std::string> weight_files(const fs::path& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.path().extension() == ".safetensors")
      files[fs::relative(entry.path(), folder).string()] = read_file(entry.path());
  }
  EXPECT_FALSE(files.empty()) << folder;
  return files;
}

boost::json::object tensor_headers(const fs::path& folder) {
  boost::json::object all;
  for (const auto& [name, bytes] : weight_files(folder)) {
    std::uint64_t length = 0;
    std::memcpy(&length, bytes.data(), sizeof length);
    const auto header = boost::json::parse(bytes.substr(sizeof length, length));
    for (const auto& [tensor, facts] : header.as_object()) {
      if (tensor != "__metadata__") all[tensor] = facts;
    }
  }
  return all;
}

::testing::AssertionResult has_no_final_file(const fs::path& folder) {
  if (!fs::exists(folder)) return ::testing::AssertionSuccess();
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const auto name = entry.path().filename().string();
    const bool weights =
        name == "model.safetensors" || (name.rfind("model-", 0) == 0 && name.find("-of-") != std::string::npos);
    if (weights || name == "config.json" || name == "model.safetensors.index.json")
      return ::testing::AssertionFailure() << entry.path() << " exists";
  }
  return ::testing::AssertionSuccess();
}

::testing::AssertionResult contains(const std::string& text, const std::string& part) {
  if (text.find(part) != std::string::npos) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << "no \"" << part << "\" in:\n" << text;
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++n;
  return n;
}

}  // namespace ar::cli
