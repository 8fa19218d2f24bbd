#include "header.hpp"

namespace ar::gguf {
namespace {

class ByteWriter {
 public:
  template <typename T>
  void number(T value) {
    static_assert(std::is_trivially_copyable_v<T>, "written as bytes");
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void text(const std::string& value) {
    number<uint64_t>(value.size());
    bytes_ += value;
  }
  void value(const Value& v) {
    number(static_cast<uint32_t>(v.index()));
    std::visit([this](const auto& x) { put(x); }, v);
  }
  std::string take() {
    bytes_.resize(aligned(bytes_.size()), '\0');
    return std::move(bytes_);
  }

 private:
  template <typename T>
  void put(const T& x) {
    number(x);
  }
  void put(bool x) { number<uint8_t>(x ? 1 : 0); }
  void put(const std::string& x) { text(x); }
  void put(const Array& x) {
    number(static_cast<uint32_t>(x.item));
    number(x.count);
    bytes_ += x.bytes;
  }

  std::string bytes_;
};

}  // namespace

int64_t TensorEntry::rows() const {
  int64_t n = 1;
  for (size_t i = 0; i + 1 < shape.size(); ++i) n *= shape[i];
  return n;
}

uint64_t TensorEntry::n_bytes() const { return static_cast<uint64_t>(rows() * info(type).row_bytes(columns())); }

uint64_t lay_out(std::vector<TensorEntry>& tensors) {
  uint64_t offset = 0;
  for (TensorEntry& t : tensors) {
    t.offset = offset;
    offset += aligned(t.n_bytes());
  }
  return offset;
}

std::string serialize_header(const Metadata& metadata, const std::vector<TensorEntry>& tensors) {
  ByteWriter out;
  for (const char c : std::string_view("GGUF")) out.number(c);
  out.number(kVersion);
  out.number<uint64_t>(tensors.size());
  out.number<uint64_t>(metadata.items().size());
  for (const auto& [key, value] : metadata.items()) {
    out.text(key);
    out.value(value);
  }
  for (const TensorEntry& t : tensors) {
    out.text(t.name);
    out.number(static_cast<uint32_t>(t.shape.size()));
    for (auto it = t.shape.rbegin(); it != t.shape.rend(); ++it) out.number(static_cast<uint64_t>(*it));
    out.number(static_cast<uint32_t>(t.type));
    out.number(t.offset);
  }
  return out.take();
}

}  // namespace ar::gguf
