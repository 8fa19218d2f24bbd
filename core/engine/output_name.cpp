#include "core/engine/output_name.hpp"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

namespace ar::engine {
namespace {

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

/// Last component of the model as typed, without the extension of a file; "" for "." and "..", which name nothing.
std::string model_name(std::string_view model) {
  if (const std::filesystem::path path(model); std::filesystem::is_regular_file(path)) return path.stem().string();
  while (!model.empty() && model.back() == '/') model.remove_suffix(1);
  const auto slash = model.rfind('/');
  const std::string name(slash == std::string_view::npos ? model : model.substr(slash + 1));
  return name.find_first_not_of('.') == std::string::npos ? "" : name;
}

/// "-mxfp" and the like; integers, the usual case, are not mentioned.
std::string type_part(std::string name) {
  name.erase(std::remove(name.begin(), name.end(), '_'), name.end());
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
  return contains(name, "int") && !contains(name, "mx") ? "" : "-" + name;
}

std::string group_part(const quant::Scheme& scheme) {
  if (scheme.group_size_rows > 0) return fmt::format("g{}x{}", scheme.group_size_rows, scheme.group_size);
  if (scheme.group_size > 0) return fmt::format("g{}", scheme.group_size);
  return fmt::format("{}{}", contains(scheme.act_data_type, "fp") ? "afp" : "a", scheme.act_bits);
}

}  // namespace

std::filesystem::path output_directory(const RunOptions& options, const quant::Scheme& scheme) {
  const auto name = model_name(options.model);
  const bool gguf = std::any_of(options.formats.begin(), options.formats.end(),
                                [](const std::string& format) { return contains(format, "gguf"); });
  if (gguf) return name.empty() ? options.output_dir : options.output_dir / (name + "-gguf");
  const auto numbers = fmt::format("w{}{}", scheme.bits, group_part(scheme));
  if (name.empty()) return options.output_dir / numbers;
  return options.output_dir / (name + type_part(scheme.data_type) + "-" + numbers);
}

std::string format_folder_name(std::string_view backend) {
  std::string name(backend);
  std::replace_if(
      name.begin(), name.end(), [](char c) { return c == ':' || c == '_'; }, '-');
  return name;
}

}  // namespace ar::engine
