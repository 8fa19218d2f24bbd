// ar-plugin-check: runs the conformance rules on one plugin file and prints pass, fail or skip for each.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "core/base/error.hpp"
#include "core/base/log.hpp"
#include "core/plugin/elf.hpp"
#include "subject.hpp"

namespace {

using ar::conformance::subject;

constexpr const char* kUsage =
    "usage: ar-plugin-check [--quirk NAME]... [--rows N] [--columns N] [--golden FILE] [--declarations FILE] [--checkpoint DIR]\n"
    "                       FILE\n"
    "Opens FILE (<id>.format.so, <id>.device.so, <id>.model.so) as the program does and tries every rule of its kind.\n"
    "  --quirk            what the plugin may do otherwise: renames_tensors, stores_no_layers, lossy "
    "(docs/plugin_guide.md)\n"
    "  --rows, --columns  size of the sample layer of a format (64 x 256)\n"
    "  --golden           formats: compare the packed bytes with a file that --write-golden wrote\n"
    "  --declarations     formats: JSON that the plan holds under 'declarations', for those that need an adapter's\n"
    "  --checkpoint       models: folder with config.json and safetensors weights of a tiny model\n"
    "Exit status: 0 all rules hold, 1 a rule is broken, 2 wrong usage, 3 the loader refuses the file.\n";

class Printer : public testing::EmptyTestEventListener {
 public:
  void OnTestPartResult(const testing::TestPartResult& part) override {
    constexpr int kShown = 3;  // a rule that fails for one scheme often fails for all
    if (!part.passed() && ++n_messages_ <= kShown) messages_ += std::string("\n      ") + part.message();
  }
  void OnTestEnd(const testing::TestInfo& test) override {
    const auto& result = *test.result();
    const char* word = result.Skipped() ? "skip" : result.Passed() ? "pass" : "FAIL";
    ++(result.Skipped() ? n_skipped_ : result.Passed() ? n_passed_ : n_failed_);
    std::printf("%s  %s.%s%s\n", word, test.test_suite_name(), test.name(), messages_.c_str());
    messages_.clear();
    n_messages_ = 0;
  }
  void OnTestProgramEnd(const testing::UnitTest&) override {
    std::printf("%s: %d passed, %d failed, %d skipped\n", subject().path.c_str(), n_passed_, n_failed_, n_skipped_);
  }

 private:
  std::string messages_;
  int n_messages_ = 0;
  int n_passed_ = 0;
  int n_failed_ = 0;
  int n_skipped_ = 0;
};

std::string read_text(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// True when the arguments make sense; `file` stays empty otherwise.
bool parse(int argc, char** argv, std::string& file) {
  auto& quirks = subject().quirks;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word.rfind("--", 0) != 0) {
      if (!file.empty()) return false;
      file = word;
      continue;
    }
    if (++i == argc) return false;
    const std::string value = argv[i];
    if (word == "--quirk" && set_quirk(quirks, value)) continue;
    if (word == "--checkpoint")
      subject().checkpoint = value;
    else if (word == "--declarations")
      subject().declarations = read_text(value);
    else if (word == "--golden" || word == "--write-golden")
      subject().golden = value;
    else if (word == "--rows")
      quirks.out_features = std::atoll(argv[i]);
    else if (word == "--columns")
      quirks.in_features = std::atoll(argv[i]);
    else
      return false;
    subject().write_golden = subject().write_golden || word == "--write-golden";
  }
  return !file.empty() && quirks.out_features > 0 && quirks.in_features > 0;
}

const char* rules_of(ar_kind kind) {
  switch (kind) {
    case AR_KIND_FORMAT: return "CommonRules.*:FormatRules.*";
    case AR_KIND_DEVICE: return "CommonRules.*:Device*";
    default: return "CommonRules.*:ModelRules.*";
  }
}

/// Rules for what links LibTorch are in a program of their own, so that checking a format never loads it.
int hand_over(char** argv) {
  const auto here = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  const auto other = here / "ar-plugin-check-torch";
  ::execv(other.c_str(), argv);
  std::fprintf(stderr, "ar-plugin-check: %s: %s; it checks plugins that need LibTorch\n", other.c_str(),
               std::strerror(errno));
  return 2;
}

int run_rules() {
  GTEST_FLAG_SET(filter, rules_of(subject().kind));
  auto& listeners = testing::UnitTest::GetInstance()->listeners();
  delete listeners.Release(listeners.default_result_printer());
  listeners.Append(new Printer);
  return RUN_ALL_TESTS();
}

}  // namespace

int main(int argc, char** argv) {
  int gtest_argc = 1;
  testing::InitGoogleTest(&gtest_argc, argv);
  ar::base::set_log_sink([](const ar::base::LogRecord& r) {
    std::fprintf(stderr, "%.*s\n", static_cast<int>(r.message.size()), r.message.data());
  });
  std::string file;
  if (!parse(argc, argv, file)) {
    std::fputs(kUsage, stderr);
    return 2;
  }
  if (!AR_CHECK_TORCH && ar::plugin::needs_torch(file)) return hand_over(argv);
  try {
    ar::conformance::open_subject(file);
  } catch (const ar::base::Error& e) {
    std::fprintf(stderr, "ar-plugin-check: %s\n", e.what());
    return static_cast<int>(e.exit());
  }
  return run_rules();
}
