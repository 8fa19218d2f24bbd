#include <algorithm>

#include "core/calib/jinja/builtins.hpp"
#include "core/calib/jinja/text.hpp"
#include "core/calib/tokenizer/utf8.hpp"

namespace ar::jinja {
namespace {

std::string escape_unit(unsigned unit) { return fmt::format("\\u{:04x}", unit); }

std::string quote(std::string_view text, bool ensure_ascii) {
  std::string out = "\"";
  for (std::size_t at = 0; at < text.size();) {
    const char32_t c = calib::next_code_point(text, at);
    const auto known = std::u32string_view(U"\"\\\n\r\t\b\f").find(c);
    if (known != std::u32string_view::npos) {
      out += '\\';
      out += "\"\\nrtbf"[known];
    } else if (c < 0x20 || (ensure_ascii && c >= 0x7f && c < 0x10000)) {
      out += c == 0x7f ? std::string(1, '\x7f') : escape_unit(static_cast<unsigned>(c));
    } else if (ensure_ascii && c >= 0x10000) {
      out += escape_unit(0xd800 + ((static_cast<unsigned>(c) - 0x10000) >> 10));
      out += escape_unit(0xdc00 + (static_cast<unsigned>(c) & 0x3ff));
    } else {
      calib::append_utf8(out, c);
    }
  }
  return out + '"';
}

/// Python's json.dumps
class JsonWriter {
 public:
  explicit JsonWriter(const Arguments& options)
      : ensure_ascii_(options.get(0, "ensure_ascii", false).truth()),
        sort_keys_(options.get(3, "sort_keys", false).truth()) {
    const auto indent = options.get(1, "indent");
    if (const auto* count = indent.as_int())
      indent_ = std::string(static_cast<std::size_t>(std::clamp<std::int64_t>(*count, 0, 64)), ' ');
    if (const auto* text = indent.as_string()) indent_ = *text;
    multi_line_ = !indent.is_none();
    item_separator_ = multi_line_ ? "," : ", ";
    const auto separators = options.get(2, "separators");
    if (separators.is_none()) return;
    const auto pair = separators.iterate();
    if (pair.size() != 2) fail("tojson: separators are two strings");
    item_separator_ = pair[0].to_text();
    key_separator_ = pair[1].to_text();
  }

  std::string write(const Value& value, const std::string& margin) const {
    if (value.is_none()) return "null";
    if (const auto* flag = value.as<bool>()) return *flag ? "true" : "false";
    if (value.is_number()) return value.to_repr();
    if (const auto* text = value.as_string()) return quote(*text, ensure_ascii_);
    std::vector<std::string> parts;
    const auto inner = margin + indent_;
    if (const auto* sequence = value.as_sequence()) {
      for (const auto& item : sequence->items) parts.push_back(write(item, inner));
      return join('[', parts, ']', margin);
    }
    const auto* mapping = value.as_mapping();
    if (mapping == nullptr || mapping->is_namespace)
      fail("Object of type {} is not JSON serializable", value.type_name());
    auto items = mapping->items;
    if (sort_keys_)
      std::stable_sort(items.begin(), items.end(), [](const auto& a, const auto& b) { return less(a.first, b.first); });
    for (const auto& [key, item] : items) parts.push_back(write_key(key) + key_separator_ + write(item, inner));
    return join('{', parts, '}', margin);
  }

 private:
  std::string write_key(const Value& key) const {
    if (key.as_string() != nullptr) return write(key, "");
    if (key.is_number() || key.is_none()) return '"' + write(key, "") + '"';
    fail("keys must be str, int, float, bool or None, not {}", key.type_name());
  }

  std::string join(char open, const std::vector<std::string>& parts, char close, const std::string& margin) const {
    std::string out(1, open);
    const auto line = multi_line_ && !parts.empty() ? "\n" + margin : std::string();
    for (std::size_t i = 0; i < parts.size(); ++i) {
      if (i > 0) out += item_separator_;
      if (multi_line_) out += line + indent_;
      out += parts[i];
    }
    return out + line + close;
  }

  bool ensure_ascii_;
  bool sort_keys_;
  bool multi_line_ = false;
  std::string indent_;
  std::string item_separator_;
  std::string key_separator_ = ": ";
};

}  // namespace

std::string to_json(const Value& value, const Arguments& options) { return JsonWriter(options).write(value, ""); }

}  // namespace ar::jinja
