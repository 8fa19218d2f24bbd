#include "core/calib/dataset_source.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>

#include <fmt/ranges.h>
#include <boost/json/value.hpp>

#include "core/base/error.hpp"
#include "core/base/json.hpp"
#include "core/base/random.hpp"
#include "core/calib/tokenizer/char_class.hpp"
#include "core/calib/tokenizer/utf8.hpp"

namespace ar::calib {
namespace {

namespace fs = std::filesystem;

struct NamedSet {
  std::string_view name;
  std::string_view short_name;
};
/// In upstream's order: an unknown name means the first that contains its last path component.
constexpr std::array kNamedSets = {
    NamedSet{"NeelNanda/pile-10k", "pile-10k"},
    NamedSet{"swift/pile-val-backup", "pile-val-backup"},
    NamedSet{"BAAI/CCI3-HQ", "CCI3-HQ"},
    NamedSet{"codeparrot/github-code-clean", "github-code-clean"},
    NamedSet{"HuggingFaceH4/ultrachat_200k", "ultrachat_200k"},
    NamedSet{"openbmb/Ultra-FineWeb", "Ultra-FineWeb"},
    NamedSet{"madao33/new-title-chinese", "new-title-chinese"},
    NamedSet{"google-research-datasets/mbpp", "mbpp"},
};

bool is_local(const std::string& name) {
  const bool named_so = name.find("json") != std::string::npos || name.find("txt") != std::string::npos;
  return named_so && fs::exists(name);
}

[[noreturn]] void refuse_name(const std::string& name) {
  const auto last = name.substr(name.rfind('/') + 1);
  std::vector<std::string_view> known;
  for (const auto& set : kNamedSets) {
    if (!last.empty() && set.name.find(last) != std::string_view::npos) {
      base::refuse(
          "--dataset {}: this is the data set {}, which is stored as parquet, and parquet files cannot be read "
          "yet. Save its texts as lines of {{\"text\": \"...\"}} and give that .jsonl file",
          name, set.name);
    }
    known.push_back(set.short_name);
  }
  base::refuse("--dataset {}: there is no such .json or .jsonl file, and no data set of that name; known are {}", name,
               fmt::join(known, ", "));
}

/// Python's str.rstrip(), which also takes the four ASCII separators.
void strip_right(std::string& text) {
  std::size_t end = text.size();
  for (std::size_t at = end; at > 0; end = at) {
    const char32_t c = previous_code_point(text, at);
    if (!is_whitespace(c) && !(c >= 0x1c && c <= 0x1f)) break;
  }
  text.resize(end);
}

/// A string, the value of a one-member object, or the member "text" or "input_ids".
std::string text_of(const base::JsonCursor& element) {
  if (!element.is_object()) return element.as_string();
  if (element.size() == 1) return element.at(element.as_object().begin()->key()).as_string();
  const auto text = element.find("text");
  return text ? text->as_string() : element.at("input_ids").as_string();
}

std::vector<std::string> texts_of(const base::JsonCursor& document) {
  std::vector<std::string> texts;
  if (document.is_object()) {
    for (const auto& member : document.as_object()) texts.push_back(text_of(document.at(member.key())));
  } else {
    for (std::size_t i = 0; i < document.size(); ++i) texts.push_back(text_of(document.at(i)));
  }
  return texts;
}

std::vector<std::string> read_json(const fs::path& file) {
  const auto document = base::parse_json_file(file);
  return texts_of({document, file.string()});
}

std::vector<std::string> read_json_lines(const fs::path& file) {
  const auto content = base::read_text_file(file);
  const std::string_view rest = content;
  std::vector<std::string> texts;
  std::size_t number = 0;
  for (std::size_t begin = 0; begin < rest.size();) {
    const auto end = std::min(rest.find('\n', begin), rest.size());
    const auto line = rest.substr(begin, end - begin);
    begin = end + 1;
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    const auto where = fmt::format("{} line {}", file.string(), number);
    const auto value = base::parse_json(line, where);
    texts.push_back(text_of({value, where}));
  }
  return texts;
}

}  // namespace

std::vector<std::string> read_source(const std::string& name, std::uint64_t seed) {
  if (!is_local(name)) refuse_name(name);
  const fs::path file = name;
  const auto extension = file.extension();
  if (extension != ".json" && extension != ".jsonl") {
    base::refuse("--dataset {}: only .json and .jsonl files can be read", name);
  }
  auto texts = extension == ".json" ? read_json(file) : read_json_lines(file);
  for (auto& text : texts) strip_right(text);
  base::PythonRandom(seed).shuffle(texts);
  return texts;
}

}  // namespace ar::calib
