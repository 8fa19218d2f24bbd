#include "source.hpp"

#include <array>
#include <charconv>
#include <cstring>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "activations.hpp"
#include "ar/cpp/error.hpp"
#include "ar/cpp/host_services.hpp"
#include "common/config_json.hpp"
#include "declaration.hpp"
#include "pack.hpp"
#include "source_tokenizer.hpp"

namespace ar::gguf {
namespace {

namespace json = boost::json;

constexpr uint64_t kListedItems = 64;  // longer arrays are vocabularies

json::value number_array(const Array& array) {
  json::array items;
  for (uint64_t i = 0; i < array.count; ++i) {
    const char* at = array.bytes.data() + 4 * i;
    int32_t whole = 0;
    float real = 0.0F;
    std::memcpy(&whole, at, sizeof whole);
    std::memcpy(&real, at, sizeof real);
    if (array.item == ValueType::kF32) items.emplace_back(real);
    if (array.item == ValueType::kI32) items.emplace_back(whole);
    if (array.item == ValueType::kU32) items.emplace_back(static_cast<uint32_t>(whole));
  }
  return items;
}

struct ToJson {
  template <typename T>
  json::value operator()(const T& number) const {
    return number;
  }
  /// The shortest decimal that names it: 1e-06 comes back as a config.json had it.
  json::value operator()(float number) const {
    std::array<char, 32> text{};
    const char* end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
    double value = number;
    std::from_chars(text.data(), end, value);
    return value;
  }
  json::value operator()(const std::string& text) const { return json::string(text); }
  json::value operator()(const Array& array) const {
    const bool plain = array.item == ValueType::kF32 || array.item == ValueType::kI32 || array.item == ValueType::kU32;
    if (plain && array.count <= kListedItems) return number_array(array);
    return json::object{{"count", array.count}};
  }
};

/// Of the tokenizer only ids of tokens concern the model; templates and vocabularies may be no UTF-8.
bool concerns_model(const std::string& key) {
  constexpr std::string_view kId = "_token_id";
  if (key.rfind("tokenizer.", 0) != 0) return true;
  return key.size() > kId.size() && key.compare(key.size() - kId.size(), kId.size(), kId) == 0;
}

void write_scheme(Type type, const std::string& activations, const ar_sink& sink) {
  json::object scheme = scheme_json(type);
  if (!activations.empty()) add_activations(activations, type, scheme);
  const std::string text = json::serialize(scheme);
  write_tensor(sink, "scheme_json", AR_DTYPE_U8, {static_cast<int64_t>(text.size())}, text.data(), text.size());
}

/// Rows of an unquantized tensor in checkpoint order, less what was added to every value.
void write_float(Type type, const DeclaredTensor& declared, const char* bytes, size_t n_bytes,
                 const std::vector<int64_t>& order, const ar_sink& sink) {
  const ar_dtype dtype = type == Type::kF32 ? AR_DTYPE_F32 : type == Type::kF16 ? AR_DTYPE_F16 : AR_DTYPE_BF16;
  std::string values(bytes, n_bytes);
  const size_t row = order.empty() ? 0 : n_bytes / order.size();
  for (size_t r = 0; r < order.size(); ++r)
    std::memcpy(values.data() + static_cast<size_t>(order[r]) * row, bytes + r * row, row);
  if (declared.add != 0.0F) {
    if (type != Type::kF32) throw Error(AR_UNSUPPORTED, "tensor '" + declared.name + "' is no F32, so nothing was added to it");
    for (size_t at = 0; at < n_bytes; at += sizeof(float)) {
      float x = 0.0F;
      std::memcpy(&x, values.data() + at, sizeof x);
      x -= declared.add;
      std::memcpy(values.data() + at, &x, sizeof x);
    }
  }
  write_tensor(sink, "weight", dtype, declared.shape, values.data(), values.size());
}

/// Tasks of the host are not to be had here: reading runs on the caller's thread.
ar_host serial_host() {
  ar_host host{};
  host.struct_size = sizeof host;
  host.parallel_for = [](void*, int64_t count, int64_t, ar_status (*body)(void*, int64_t, int64_t), void* arg) {
    return body(arg, 0, count);
  };
  return host;
}

}  // namespace

Source::Source(const std::string& path)
    : path_(path), file_(path), header_(parse_header(file_.bytes(), file_.bytes().size(), path)) {
  for (const TensorEntry& t : header_.tensors) by_name_[t.name] = &t;
}

std::string Source::description() const {
  const Value* architecture = header_.metadata.find("general.architecture");
  if (architecture == nullptr || !std::holds_alternative<std::string>(*architecture))
    throw Error(AR_INVALID_ARGUMENT, path_ + ": general.architecture is missing, so nobody can tell what it computes");
  json::object metadata;
  for (const auto& [key, value] : header_.metadata.items()) {
    if (concerns_model(key)) metadata[key] = std::visit(ToJson(), value);
  }
  json::array tensors;
  for (const TensorEntry& t : header_.tensors) {
    json::object o{{"name", t.name},
                   {"type", info(t.type).name},
                   {"shape", json::array(t.shape.begin(), t.shape.end())},
                   {"n_bytes", t.n_bytes()}};
    if (info(t.type).quantized()) o["scheme"] = scheme_json(t.type);
    if (t.type == Type::kF32 && t.name.rfind("rope_", 0) == 0) o["values"] = values_of(t);
    tensors.push_back(std::move(o));
  }
  json::object description{{"architecture", std::get<std::string>(*architecture)},
                           {"activations", activation_programs()},
                           {"metadata", std::move(metadata)},
                           {"tensors", std::move(tensors)}};
  if (std::get<std::string>(*architecture) == kMmprojArchitecture) description["part"] = "a vision tower";
  return json::serialize(description);
}

json::array Source::values_of(const TensorEntry& t) const {
  json::array values;
  const char* bytes = file_.bytes().data() + header_.data_start + t.offset;
  for (uint64_t at = 0; at < t.n_bytes(); at += sizeof(float)) {
    float x = 0.0F;
    std::memcpy(&x, bytes + at, sizeof x);
    values.emplace_back(x);
  }
  return values;
}

const TensorEntry& Source::entry(const std::string& name) const {
  const auto it = by_name_.find(name);
  if (it == by_name_.end()) throw Error(AR_NOT_FOUND, path_ + ": tensor '" + name + "' is missing");
  return *it->second;
}

void Source::read(const std::string& declared_json, const ar_sink& sink) const {
  const DeclaredTensor declared = parse_tensor(formats::parse_object(declared_json, "the declared tensor"));
  const TensorEntry& t = entry(declared.name);
  if (t.shape != declared.stored_shape())
    throw Error(AR_INVALID_ARGUMENT, path_ + ": tensor '" + t.name + "' has another shape than the model's keys ask for");
  const uint64_t n_bytes = declared.slice < 0 ? t.n_bytes() : t.n_bytes() / static_cast<uint64_t>(declared.slices);
  const uint64_t within = declared.slice < 0 ? 0 : static_cast<uint64_t>(declared.slice) * n_bytes;
  const char* bytes = file_.bytes().data() + header_.data_start + t.offset + within;
  const int64_t rows = declared.shape.front();
  const std::vector<int64_t> order = rope_rows(rows, declared.rope_heads);
  const auto begin = static_cast<uint64_t>(bytes - file_.bytes().data());
  if (!info(t.type).quantized()) {
    if (!declared.activations.empty()) write_scheme(t.type, declared.activations, sink);
    write_float(t.type, declared, bytes, n_bytes, order, sink);
    file_.release(begin, n_bytes);
    return;
  }
  if (declared.shape.size() != 2) throw Error(AR_UNSUPPORTED, path_ + ": tensor '" + t.name + "' is quantized but no matrix");
  write_scheme(t.type, declared.activations, sink);
  unpack_blocks(serial_host(), t.type, reinterpret_cast<const uint8_t*>(bytes), rows, t.columns(), order, sink);
  file_.release(begin, n_bytes);
}

std::vector<NamedFile> Source::tokenizer() const { return source_tokenizer(header_.metadata); }

}  // namespace ar::gguf
