#include "metadata.hpp"

#include <cstring>

namespace ar::gguf {
namespace {

template <typename T>
Array plain_array(ValueType item, const std::vector<T>& items) {
  return {item, items.size(), std::string(reinterpret_cast<const char*>(items.data()), items.size() * sizeof(T))};
}

bool empty(const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return text->empty();
  if (const auto* array = std::get_if<Array>(&value)) return array->count == 0;
  return false;
}

}  // namespace

Array to_array(const std::vector<std::string>& items) {
  Array array{ValueType::kString, items.size(), {}};
  for (const std::string& text : items) {
    const uint64_t n = text.size();
    array.bytes.append(reinterpret_cast<const char*>(&n), sizeof n).append(text);
  }
  return array;
}
Array to_array(const std::vector<int32_t>& items) { return plain_array(ValueType::kI32, items); }
Array to_array(const std::vector<float>& items) { return plain_array(ValueType::kF32, items); }

Array to_array(const std::vector<bool>& items) {
  Array array{ValueType::kBool, items.size(), {}};
  for (const bool item : items) array.bytes += item ? '\1' : '\0';
  return array;
}

std::vector<std::string> strings(const Array& array) {
  std::vector<std::string> items;
  items.reserve(array.count);
  size_t at = 0;
  for (uint64_t i = 0; i < array.count; ++i) {
    uint64_t n = 0;
    std::memcpy(&n, array.bytes.data() + at, sizeof n);
    items.push_back(array.bytes.substr(at + sizeof n, n));
    at += sizeof n + n;
  }
  return items;
}

void Metadata::set(const std::string& key, Value value) {
  if (empty(value)) return;
  for (Item& item : items_) {
    if (item.first != key) continue;
    item.second = std::move(value);
    return;
  }
  items_.emplace_back(key, std::move(value));
}

const Value* Metadata::find(const std::string& key) const {
  for (const Item& item : items_) {
    if (item.first == key) return &item.second;
  }
  return nullptr;
}

}  // namespace ar::gguf
