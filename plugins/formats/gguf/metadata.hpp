#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace ar::gguf {

/// Number of a value type in the file; also the index of Value's alternatives.
enum class ValueType : uint32_t { kU8, kI8, kU16, kI16, kU32, kI32, kF32, kBool, kString, kArray, kU64, kI64, kF64 };

/// Items as they stand in the file: strings with their length in front. Nested arrays are not kept.
struct Array {
  ValueType item;
  uint64_t count;
  std::string bytes;
};

using Value = std::variant<uint8_t, int8_t, uint16_t, int16_t, uint32_t, int32_t, float, bool, std::string, Array,
                           uint64_t, int64_t, double>;

Array to_array(const std::vector<std::string>& items);
Array to_array(const std::vector<int32_t>& items);
Array to_array(const std::vector<float>& items);
Array to_array(const std::vector<bool>& items);
/// The items of an array of strings. The array must be one.
std::vector<std::string> strings(const Array& array);

inline ValueType type_of(const Value& value) { return static_cast<ValueType>(value.index()); }

/// Keys and values in file order.
class Metadata {
 public:
  using Item = std::pair<std::string, Value>;

  /// A key that is there keeps its place and gets the new value. Empty strings and arrays are not stored.
  void set(const std::string& key, Value value);
  /// As it is; the caller knows that the key is new.
  void append(std::string key, Value value) { items_.emplace_back(std::move(key), std::move(value)); }
  const Value* find(const std::string& key) const;
  const std::vector<Item>& items() const { return items_; }

 private:
  std::vector<Item> items_;
};

}  // namespace ar::gguf
