#include "core/calib/dataset_spec.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>

#include "core/base/error.hpp"

namespace ar::calib {
namespace {

/// Cuts at ',' ':' and '=' outside quotes and drops the quotes and the blanks between.
class Splitter {
 public:
  explicit Splitter(std::string_view text) : text_(text) {}

  /// Reads up to one of `stops` or the end; the stop is eaten. '\0' means the end.
  std::string read(std::string_view stops, char& stop) {
    std::string out;
    stop = '\0';
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '"' || c == '\'') {
        out += quoted(c);
      } else if (stops.find(c) != std::string_view::npos) {
        stop = c;
        ++at_;
        break;
      } else if (c != ' ' && c != '\t') {
        out += c;
      }
    }
    return out;
  }

 private:
  std::string_view quoted(char quote) {
    const auto begin = at_ + 1;
    const auto end = text_.find(quote, begin);
    if (end == std::string_view::npos) base::refuse("--dataset \"{}\": the quote {} is not closed", text_, quote);
    at_ = end;
    return text_.substr(begin, end - begin);
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

std::int64_t parse_count(const std::string& name, const std::string& text) {
  std::int64_t count = 0;
  const auto* end = text.data() + text.size();
  const auto [stop, code] = std::from_chars(text.data(), end, count);
  if (code != std::errc() || stop != end || count < 1) {
    base::refuse("--dataset {}: num=\"{}\" is no count; expected a positive integer", name, text);
  }
  return count;
}

bool is_on(std::string value) {
  std::transform(value.begin(), value.end(), value.begin(), [](unsigned char c) { return std::tolower(c); });
  return value != "false";
}

void apply(const std::string& key, const std::string& value, SourceSpec& source) {
  if (key == "num") source.num = parse_count(source.name, value);
  if (key == "concat") source.concat = is_on(value);
  if (key == "apply_chat_template") source.apply_chat_template = is_on(value);
  if (key == "system_prompt") {
    source.system_prompt = value;
    source.apply_chat_template = true;
  }
}

}  // namespace

std::vector<SourceSpec> parse_dataset_spec(std::string_view text) {
  std::vector<SourceSpec> sources;
  Splitter splitter(text);
  char stop = ',';
  while (stop == ',') {
    SourceSpec source;
    source.name = splitter.read(",:", stop);
    if (source.name.empty()) base::refuse("--dataset \"{}\": source {} has no name", text, sources.size() + 1);
    while (stop == ':') {
      const auto key = splitter.read(",:=", stop);
      std::string value;
      if (stop == '=') value = splitter.read(",:", stop);
      apply(key, value, source);
    }
    sources.push_back(std::move(source));
  }
  return sources;
}

}  // namespace ar::calib
