#include "core/model/safetensors_writer.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <tuple>

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

namespace ar::model {
namespace {

namespace json = boost::json;

constexpr std::array<std::string_view, 22> kOrder = {
    "U64",         "I64",         "F64",     "C64",     "F32",     "U32", "I32", "BF16",    "F16",     "U16", "I16",
    "F8_E5M2FNUZ", "F8_E4M3FNUZ", "F8_E8M0", "F8_E4M3", "F8_E5M2", "I8",  "U8",  "F6_E3M2", "F6_E2M3", "F4",  "BOOL"};

size_t rank(const TensorEntry& t) {
  return static_cast<size_t>(std::find(kOrder.begin(), kOrder.end(), t.dtype) - kOrder.begin());
}

}  // namespace

bool serialized_before(const TensorEntry& a, const TensorEntry& b) {
  return std::make_tuple(rank(a), std::cref(a.name)) < std::make_tuple(rank(b), std::cref(b.name));
}

void lay_out(std::vector<TensorEntry>& tensors) {
  std::sort(tensors.begin(), tensors.end(), serialized_before);
  uint64_t at = 0;
  for (TensorEntry& t : tensors) {
    const uint64_t n_bytes = t.end - t.begin;
    t.begin = at;
    t.end = at += n_bytes;
  }
}

std::string serialize_header(const std::vector<TensorEntry>& tensors, std::string_view format) {
  json::object root;
  root.reserve(tensors.size() + 1);
  if (!format.empty()) root["__metadata__"] = json::object{{"format", format}};
  for (const TensorEntry& t : tensors) {
    json::array shape(t.shape.begin(), t.shape.end());
    root[t.name] = {{"dtype", t.dtype}, {"shape", std::move(shape)}, {"data_offsets", {t.begin, t.end}}};
  }
  std::string text = json::serialize(root);
  text.append((8 - text.size() % 8) % 8, ' ');
  std::string bytes;
  for (unsigned shift = 0; shift < 64; shift += 8) bytes += static_cast<char>((text.size() >> shift) & 0xffU);
  return bytes + text;
}

}  // namespace ar::model
