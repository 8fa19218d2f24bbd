#include <algorithm>
#include <array>
#include <cstring>
#include <set>

#include "ar/cpp/error.hpp"
#include "header.hpp"

namespace ar::gguf {
namespace {

constexpr uint64_t kMaxDims = 4;  // ggml's limit

/// Bytes of an item; 0 for those without a fixed size.
size_t item_bytes(ValueType type) {
  constexpr std::array<size_t, 13> kBytes{1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
  return kBytes[static_cast<size_t>(type)];
}

class Parser {
 public:
  Parser(std::string_view bytes, uint64_t file_bytes, const std::string& what)
      : bytes_(bytes), file_bytes_(file_bytes), what_(what) {}

  Header parse() {
    check_magic();
    const auto n_tensors = number<uint64_t>("the number of tensors");
    const auto n_keys = number<uint64_t>("the number of keys");
    // A key takes at least 13 bytes, a tensor 24: more cannot be there.
    check_count(n_keys, 13, "keys");
    check_count(n_tensors, 24, "tensors");
    Header header;
    read_metadata(n_keys, header.metadata);
    for (uint64_t i = 0; i < n_tensors; ++i) header.tensors.push_back(tensor(i));
    const uint64_t alignment = read_alignment(header.metadata);
    header.data_start = aligned(at_, alignment);
    check_places(header, alignment);
    return header;
  }

 private:
  [[noreturn]] void fail(const std::string& text) const { throw Error(AR_INVALID_ARGUMENT, what_ + ": " + text); }

  void need(uint64_t n, const std::string& what) const {
    if (n > bytes_.size() - at_) fail("ends within " + what + ", at byte " + std::to_string(bytes_.size()));
  }
  void check_count(uint64_t n, uint64_t least_bytes, const char* what) const {
    if (n > (bytes_.size() - at_) / least_bytes)
      fail("announces " + std::to_string(n) + " " + what + ", more than its bytes can hold");
  }

  template <typename T>
  T number(const std::string& what) {
    need(sizeof(T), what);
    T value;
    std::memcpy(&value, bytes_.data() + at_, sizeof value);
    at_ += sizeof value;
    return value;
  }
  std::string text(const std::string& what) {
    const auto n = number<uint64_t>(what);
    need(n, what);
    std::string value(bytes_.substr(at_, n));
    at_ += n;
    return value;
  }

  void check_magic() {
    need(4, "the magic number");
    if (bytes_.substr(0, 4) != "GGUF") fail("is no GGUF file: it does not start with the letters GGUF");
    at_ = 4;
    const auto version = number<uint32_t>("the version");
    if (version != 2 && version != kVersion)
      fail("has GGUF version " + std::to_string(version) + "; 2 and 3 are read, little-endian");
  }

  void read_metadata(uint64_t n_keys, Metadata& metadata) {
    std::set<std::string> seen;
    for (uint64_t i = 0; i < n_keys; ++i) {
      const std::string key = text("key " + std::to_string(i));
      if (!seen.insert(key).second) fail("key '" + key + "' is there twice");
      metadata.append(key, value(value_type(key), key));
    }
  }

  ValueType value_type(const std::string& key) {
    const auto type = number<uint32_t>("key '" + key + "'");
    if (type > static_cast<uint32_t>(ValueType::kF64))
      fail("key '" + key + "' has value type " + std::to_string(type) + "; 0 to 12 are known");
    return static_cast<ValueType>(type);
  }

  Value value(ValueType type, const std::string& key) {
    switch (type) {
      case ValueType::kU8: return number<uint8_t>(key);
      case ValueType::kI8: return number<int8_t>(key);
      case ValueType::kU16: return number<uint16_t>(key);
      case ValueType::kI16: return number<int16_t>(key);
      case ValueType::kU32: return number<uint32_t>(key);
      case ValueType::kI32: return number<int32_t>(key);
      case ValueType::kF32: return number<float>(key);
      case ValueType::kBool: return number<uint8_t>(key) != 0;
      case ValueType::kString: return text("key '" + key + "'");
      case ValueType::kU64: return number<uint64_t>(key);
      case ValueType::kI64: return number<int64_t>(key);
      case ValueType::kF64: return number<double>(key);
      case ValueType::kArray: break;
    }
    return array(key);
  }

  Array array(const std::string& key) {
    const ValueType item = value_type(key);
    const auto count = number<uint64_t>("key '" + key + "'");
    if (item == ValueType::kArray) fail("key '" + key + "' is an array of arrays, which is not read");
    const size_t begin_items = at_;
    if (item == ValueType::kString) {
      check_count(count, sizeof(uint64_t), "strings");
      for (uint64_t i = 0; i < count; ++i) {
        const auto n = number<uint64_t>("key '" + key + "'");
        need(n, "key '" + key + "'");
        at_ += n;
      }
    } else {
      check_count(count, item_bytes(item), "items");
      at_ += count * item_bytes(item);
    }
    return {item, count, std::string(bytes_.substr(begin_items, at_ - begin_items))};
  }

  TensorEntry tensor(uint64_t index) {
    TensorEntry entry;
    entry.name = text("tensor " + std::to_string(index));
    const std::string label = "tensor '" + entry.name + "'";
    const auto n_dims = number<uint32_t>(label);
    if (n_dims > kMaxDims) fail(label + " has " + std::to_string(n_dims) + " dimensions; at most 4 are read");
    for (uint32_t i = 0; i < n_dims; ++i) {
      const auto size = number<uint64_t>(label);
      if (size == 0 || size > (uint64_t{1} << 40U)) fail(label + " has a dimension of " + std::to_string(size));
      entry.shape.insert(entry.shape.begin(), static_cast<int64_t>(size));
    }
    const auto type = number<uint32_t>(label);
    const TypeInfo* known = find_type(type);
    if (known == nullptr) fail(label + " has type number " + std::to_string(type) + ", which is not read");
    entry.type = known->type;
    entry.offset = number<uint64_t>(label);
    check_size(entry, *known, label);
    return entry;
  }

  void check_size(const TensorEntry& entry, const TypeInfo& type, const std::string& label) const {
    if (entry.columns() % type.block_elements != 0) {
      fail(label + " has rows of " + std::to_string(entry.columns()) + "; " + type.name + " needs a multiple of " +
           std::to_string(type.block_elements));
    }
    // Element by element: the product of four dimensions may not fit 64 bits.
    uint64_t n = static_cast<uint64_t>(type.row_bytes(entry.columns()));
    for (size_t i = 0; i + 1 < entry.shape.size(); ++i) {
      const auto size = static_cast<uint64_t>(entry.shape[i]);
      if (n > file_bytes_ / size) fail(label + " is larger than the file");
      n *= size;
    }
    if (n > file_bytes_) fail(label + " is larger than the file");
  }

  uint64_t read_alignment(const Metadata& metadata) const {
    const Value* value = metadata.find("general.alignment");
    if (value == nullptr) return kAlignment;
    const auto* alignment = std::get_if<uint32_t>(value);
    if (alignment == nullptr || *alignment == 0 || *alignment % 8 != 0 || *alignment > (1U << 20U))
      fail("general.alignment must be an unsigned 32-bit multiple of 8 up to 2^20");
    return *alignment;
  }

  void check_places(const Header& header, uint64_t alignment) const {
    std::vector<const TensorEntry*> order;
    std::set<std::string_view> names;
    for (const TensorEntry& t : header.tensors) {
      if (!names.insert(t.name).second) fail("tensor '" + t.name + "' is there twice");
      if (t.offset % alignment != 0)
        fail("tensor '" + t.name + "' starts at " + std::to_string(t.offset) + ", no multiple of " +
             std::to_string(alignment));
      if (header.data_start > file_bytes_ || t.offset > file_bytes_ - header.data_start ||
          t.n_bytes() > file_bytes_ - header.data_start - t.offset) {
        fail("tensor '" + t.name + "' ends behind the end of the file");
      }
      order.push_back(&t);
    }
    std::sort(order.begin(), order.end(), [](const auto* a, const auto* b) { return a->offset < b->offset; });
    for (size_t i = 1; i < order.size(); ++i) {
      if (order[i]->offset < order[i - 1]->offset + order[i - 1]->n_bytes())
        fail("tensors '" + order[i - 1]->name + "' and '" + order[i]->name + "' overlap");
    }
  }

  std::string_view bytes_;
  uint64_t file_bytes_;
  const std::string& what_;
  size_t at_ = 0;
};

}  // namespace

Header parse_header(std::string_view bytes, uint64_t file_bytes, const std::string& what) {
  return Parser(bytes, file_bytes, what).parse();
}

}  // namespace ar::gguf
