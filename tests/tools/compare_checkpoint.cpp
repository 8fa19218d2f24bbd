// compare_checkpoint FOLDER CASE: prints where an exported folder differs from a case of tests/golden/upstream; 1 if it
// does.
#include "tests/tools/compare_checkpoint.hpp"

#include <cstdio>

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: compare_checkpoint FOLDER CASE\n");
    return 2;
  }
  try {
    ar::test::CheckpointComparison comparison(std::filesystem::path(AR_SOURCE_DIR) / "tests/golden/upstream", argv[2]);
    const auto differences = comparison.differences(argv[1]);
    for (const std::string& d : differences) std::printf("%s\n", d.c_str());
    return differences.empty() ? 0 : 1;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 2;
  }
}
