#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <boost/json/object.hpp>

#include "core/base/temporary_folder.hpp"
#include "tests/cli/run.hpp"

namespace ar::cli {

namespace fs = std::filesystem;

/// Options shared by most rows of the acceptance list; a later repetition overrides one of them.
inline const std::string kQ =
    "--model tiny-qwen3 --seqlen 64 --nsamples 16 --bs 4 --dataset calib.jsonl --device_map cpu --output_dir out";

/// A scratch folder with the fixtures, the program in it, and readers for what it leaves behind.
class CliTest : public ::testing::Test {
 protected:
  void SetUp() override;

  Result run(const std::string& name, const std::string& line) { return run_program(name, words(line), settings_); }
  /// `auto-round Q line`
  Result quantize(const std::string& line) { return run("auto-round", kQ + " " + line); }

  /// The only model folder must be out/<name>; its quantization_config.
  boost::json::object recorded(const std::string& name = "tiny-qwen3-w4g128") const;
  fs::path in(const std::string& name) const { return settings_.folder / name; }

  RunSettings settings_;  // folder and environment

 private:
  const base::TemporaryFolder folder_;
};

std::string read_file(const fs::path& file);
boost::json::object read_object(const fs::path& file);

/// Headers of all safetensors files of a folder in one: name -> {dtype, shape}.
boost::json::object tensor_headers(const fs::path& folder);
/// name -> content of every safetensors file.
std::map<std::string, std::string> weight_files(const fs::path& folder);

/// No file in or below the folder carries the name of finished weights, and no config.json claims a model.
::testing::AssertionResult has_no_final_file(const fs::path& folder);

::testing::AssertionResult contains(const std::string& text, const std::string& part);
std::size_t count(const std::string& text, const std::string& part);

}  // namespace ar::cli
