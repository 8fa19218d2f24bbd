#pragma once

#include <cmath>
#include <cstring>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include <boost/json.hpp>

#include "plugins/formats/gguf/sha256.hpp"
#include "tests/tools/safetensors.hpp"

namespace ar::test {

/// Where an exported folder differs from a case of tests/golden/upstream: tensors by name, type, shape and SHA-256,
/// config.json by value, quantization_config.json as text. Empty = nowhere.
class CheckpointComparison {
 public:
  CheckpointComparison(const std::filesystem::path& golden, const std::string& name)
      : golden_(golden / "cases" / name),
        case_(boost::json::parse(read_bytes(golden / "expected.json")).at(name).as_object()) {}

  std::string model() const { return std::string(case_.at("model").as_string()); }
  std::vector<std::string> arguments() const {
    std::vector<std::string> args;
    for (const auto& a : case_.at("arguments").as_array()) {
      const bool data = a.as_string() == "CALIBRATION";
      args.push_back(data ? (golden_.parent_path().parent_path() / "calibration.jsonl").string()
                          : std::string(a.as_string()));
    }
    return args;
  }

  std::vector<std::string> differences(const std::filesystem::path& folder) {
    found_.clear();
    compare_tensors(read_checkpoint(folder));
    compare_objects("config.json", json_file(folder / "config.json"), json_file(golden_ / "config.json"));
    const auto side = golden_ / "quantization_config.json";
    if (std::filesystem::exists(side)) {
      if (read_bytes(side) != read_bytes(folder / "quantization_config.json"))
        found_.push_back("quantization_config.json: other text");
    } else if (std::filesystem::exists(folder / "quantization_config.json")) {
      found_.push_back("quantization_config.json: must not exist");
    }
    return found_;
  }

 private:
  static boost::json::value json_file(const std::filesystem::path& path) {
    return boost::json::parse(read_bytes(path));
  }

  void compare_tensors(const std::map<std::string, StoredTensor>& written) {
    const auto& expected = case_.at("tensors").as_object();
    const bool fake = !std::filesystem::exists(golden_ / "quantization_config.json");
    for (const auto& [name, entry] : expected) {
      const auto it = written.find(name);
      if (it == written.end()) {
        found_.push_back(std::string(name) + ": missing");
        continue;
      }
      const StoredTensor& t = it->second;
      const auto& e = entry.as_array();
      if (t.dtype != e[0].as_string())
        found_.push_back(std::string(name) + ": type " + t.dtype + ", expected " + std::string(e[0].as_string()));
      else if (boost::json::value_from(t.shape) != e[1])
        found_.push_back(std::string(name) + ": other shape");
      else if (e.size() > 3)
        compare_measured(std::string(name), t, e[3].to_number<double>());
      else if (gguf::sha256_hex(fake && t.dtype == "BF16" ? without_signed_zeros(t.bytes) : t.bytes) != e[2].as_string())
        found_.push_back(std::string(name) + ": other bytes");
    }
    for (const auto& [name, t] : written) {
      if (!expected.contains(name) && !(fake && is_activation_scale(name)))
        found_.push_back(name + ": not in the expected checkpoint");
    }
  }

  /// Upstream leaves these out of `fake` and its reader then computes NaN (docs/formats.md).
  static bool is_activation_scale(const std::string& name) {
    const std::string tail = ".input_global_scale";
    return name.size() > tail.size() && name.compare(name.size() - tail.size(), tail.size(), tail) == 0;
  }

  /// A calibrated scale depends on the order of sums in matrix products, which differs between machines.
  void compare_measured(const std::string& name, const StoredTensor& t, double expected) {
    constexpr double kTolerance = 0.01;  // a step of bfloat16 or two
    std::string bytes = t.bytes;
    if (t.dtype == "BF16") bytes.insert(0, 2, '\0');
    float value = 0;
    if (bytes.size() == sizeof value) std::memcpy(&value, bytes.data(), sizeof value);
    if (std::abs(value - expected) <= kTolerance * std::abs(expected)) return;
    found_.push_back(name + ": " + std::to_string(value) + ", expected about " + std::to_string(expected));
  }

  /// BF16 values with -0 as +0 (golden/upstream/README.md).
  static std::string without_signed_zeros(std::string bytes) {
    for (size_t i = 0; i + 1 < bytes.size(); i += 2) {
      if (bytes[i] == 0 && bytes[i + 1] == '\x80') bytes[i + 1] = 0;
    }
    return bytes;
  }

  void compare_objects(const std::string& where, const boost::json::value& ours, const boost::json::value& theirs) {
    if (!ours.is_object() || !theirs.is_object()) {
      if (ours != theirs)
        found_.push_back(where + ": " + boost::json::serialize(ours) + ", expected " + boost::json::serialize(theirs));
      return;
    }
    std::set<std::string> keys;
    for (const auto& [key, value] : ours.get_object()) keys.emplace(key);
    for (const auto& [key, value] : theirs.get_object()) keys.emplace(key);
    for (const std::string& key : keys) {
      const auto* a = ours.get_object().if_contains(key);
      const auto* b = theirs.get_object().if_contains(key);
      if (a != nullptr && b != nullptr)
        compare_objects(where + "." + key, *a, *b);
      else
        found_.push_back(where + "." + key + (a == nullptr ? ": missing" : ": not expected"));
    }
  }

  std::filesystem::path golden_;
  boost::json::object case_;
  std::vector<std::string> found_;
};

}  // namespace ar::test
