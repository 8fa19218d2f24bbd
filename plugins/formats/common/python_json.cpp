#include "common/python_json.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string_view>
#include <vector>

namespace ar::formats {
namespace {

namespace json = boost::json;

void append_unit(std::string& out, uint32_t unit) {
  constexpr std::string_view kHex = "0123456789abcdef";
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) out += kHex[(unit >> static_cast<uint32_t>(shift)) & 15U];
}

/// The code point at text[i], which is valid UTF-8 (Boost.JSON checked it); i moves past it.
uint32_t next_code_point(std::string_view text, size_t& i) {
  const auto lead = static_cast<unsigned char>(text[i++]);
  if (lead < 0x80U) return lead;
  const int more = lead >= 0xF0U ? 3 : lead >= 0xE0U ? 2 : 1;
  uint32_t point = lead & (0x3FU >> static_cast<uint32_t>(more));
  for (int k = 0; k < more && i < text.size(); ++k)
    point = point << 6U | (static_cast<unsigned char>(text[i++]) & 0x3FU);
  return point;
}

void append_string(std::string& out, std::string_view text) {
  out += '"';
  for (size_t i = 0; i < text.size();) {
    const uint32_t point = next_code_point(text, i);
    switch (point) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      case '\b': out += "\\b"; break;
      case '\f': out += "\\f"; break;
      default:
        if (point >= 0x20U && point < 0x7FU) {
          out += static_cast<char>(point);
        } else if (point < 0x10000U) {
          append_unit(out, point);
        } else {
          append_unit(out, 0xD800U + ((point - 0x10000U) >> 10U));
          append_unit(out, 0xDC00U + ((point - 0x10000U) & 0x3FFU));
        }
    }
  }
  out += '"';
}

/// repr(float): shortest digits; scientific below 1e-4 and from 1e16, with an exponent of at least two digits.
void append_double(std::string& out, double x) {
  if (std::isnan(x)) {
    out += "NaN";
    return;
  }
  if (std::isinf(x)) {
    out += x < 0 ? "-Infinity" : "Infinity";
    return;
  }
  const double magnitude = std::fabs(x);
  const bool scientific = magnitude != 0 && (magnitude < 1e-4 || magnitude >= 1e16);
  std::array<char, 40> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), x,
                                 scientific ? std::chars_format::scientific : std::chars_format::fixed);
  const std::string_view digits(text.data(), static_cast<size_t>(end.ptr - text.data()));
  out += digits;
  if (!scientific && digits.find('.') == std::string_view::npos) out += ".0";
}

class Writer {
 public:
  explicit Writer(bool sort_keys) : sort_keys_(sort_keys) {}

  void write(const json::value& value) {
    switch (value.kind()) {
      case json::kind::null: out_ += "null"; break;
      case json::kind::bool_: out_ += value.get_bool() ? "true" : "false"; break;
      case json::kind::int64: out_ += std::to_string(value.get_int64()); break;
      case json::kind::uint64: out_ += std::to_string(value.get_uint64()); break;
      case json::kind::double_: append_double(out_, value.get_double()); break;
      case json::kind::string: append_string(out_, value.get_string()); break;
      case json::kind::array: write_array(value.get_array()); break;
      case json::kind::object: write_object(value.get_object()); break;
    }
  }
  std::string take() { return std::move(out_); }

 private:
  void new_line() { out_.append(1, '\n').append(2 * depth_, ' '); }

  template <typename Items, typename WriteItem>
  void write_items(const Items& items, char open, char close, WriteItem&& write_item) {
    out_ += open;
    ++depth_;
    bool first = true;
    for (const auto& item : items) {
      if (!first) out_ += ',';
      first = false;
      new_line();
      write_item(item);
    }
    --depth_;
    if (!first) new_line();
    out_ += close;
  }

  void write_array(const json::array& array) {
    write_items(array, '[', ']', [this](const json::value& v) { write(v); });
  }

  void write_object(const json::object& object) {
    std::vector<const json::key_value_pair*> members;
    members.reserve(object.size());
    for (const auto& member : object) members.push_back(&member);
    if (sort_keys_) {  // bytes of UTF-8 sort as code points do
      std::sort(members.begin(), members.end(), [](const auto* a, const auto* b) { return a->key() < b->key(); });
    }
    write_items(members, '{', '}', [this](const json::key_value_pair* member) {
      append_string(out_, member->key());
      out_ += ": ";
      write(member->value());
    });
  }

  bool sort_keys_;
  size_t depth_ = 0;
  std::string out_;
};

}  // namespace

std::string python_json(const json::value& value, bool sort_keys) {
  Writer writer(sort_keys);
  writer.write(value);
  return writer.take();
}

}  // namespace ar::formats
