#include "core/model/safetensors_file.hpp"

#include <algorithm>
#include <optional>
#include <tuple>

#include "core/base/error.hpp"
#include "core/base/json.hpp"
#include "core/model/json_keys.hpp"

namespace ar::model {
namespace {

namespace json = boost::json;

constexpr uint64_t kLengthBytes = 8;
constexpr uint64_t kHeaderMax = 100'000'000;  // the reference implementation's bound
constexpr std::string_view kLfsPointer = "version https://git-lfs.github.com/spec/";

struct Dtype {
  std::string_view name;
  int64_t bits;
};
constexpr Dtype kDtypes[] = {{"BOOL", 8},    {"U8", 8},          {"I8", 8},          {"F8_E5M2", 8}, {"F8_E4M3", 8},
                             {"F8_E8M0", 8}, {"F8_E4M3FNUZ", 8}, {"F8_E5M2FNUZ", 8}, {"I16", 16},    {"U16", 16},
                             {"F16", 16},    {"BF16", 16},       {"I32", 32},        {"U32", 32},    {"F32", 32},
                             {"F64", 64},    {"I64", 64},        {"U64", 64},        {"C64", 64},    {"F4", 4},
                             {"F6_E2M3", 6}, {"F6_E3M2", 6}};

uint64_t little_endian_u64(std::string_view bytes) {
  uint64_t value = 0;
  for (size_t i = 0; i < kLengthBytes; ++i) value |= uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
  return value;
}

/// Bytes of a tensor; empty when the product overflows or is no whole number of bytes.
std::optional<uint64_t> tensor_bytes(const std::vector<int64_t>& shape, int64_t bits) {
  auto n = static_cast<uint64_t>(bits);
  for (const int64_t d : shape) {
    if (__builtin_mul_overflow(n, static_cast<uint64_t>(d), &n)) return std::nullopt;
  }
  if (n % 8 != 0) return std::nullopt;
  return n / 8;
}

uint64_t offset_value(const base::JsonCursor& c) {
  const int64_t v = c.as_int();
  if (v < 0) c.fail("is negative");
  return static_cast<uint64_t>(v);
}

TensorEntry read_entry(const std::string& name, const base::JsonCursor& c, uint64_t data_bytes) {
  TensorEntry t;
  t.name = name;
  t.dtype = c.get_string("dtype");
  const int64_t bits = dtype_bits(t.dtype);
  if (bits == 0) c.fail("has the unknown dtype " + t.dtype);
  const base::JsonCursor shape = c.at("shape");
  for (size_t i = 0; i < shape.as_array().size(); ++i) {
    t.shape.push_back(static_cast<int64_t>(offset_value(shape.at(i))));
  }
  const base::JsonCursor offsets = c.at("data_offsets");
  if (offsets.as_array().size() != 2) offsets.fail("does not hold two numbers");
  t.begin = offset_value(offsets.at(0));
  t.end = offset_value(offsets.at(1));
  if (t.end < t.begin) offsets.fail("ends before it begins");
  const std::optional<uint64_t> wanted = tensor_bytes(t.shape, bits);
  if (!wanted || *wanted != t.end - t.begin) {
    c.fail(fmt::format("has {} bytes of data, which do not fit its shape and dtype {}", t.end - t.begin, t.dtype));
  }
  if (t.end > data_bytes) {
    c.fail(fmt::format("ends at byte {} of the data, but the file holds {}: the file is truncated", t.end, data_bytes));
  }
  return t;
}

/// The data of all tensors follow each other from byte 0 to the end of the file.
void check_layout(const std::vector<TensorEntry>& tensors, uint64_t data_bytes, const std::string& file) {
  uint64_t end = 0;
  for (const TensorEntry& t : tensors) {
    if (t.begin < end) base::fail("{}: the data of tensor {} overlap those of another", file, t.name);
    if (t.begin > end)
      base::fail("{}: {} bytes before the data of tensor {} belong to none", file, t.begin - end, t.name);
    end = t.end;
  }
  if (end != data_bytes) base::fail("{}: {} bytes after the last tensor belong to none", file, data_bytes - end);
}

uint64_t header_length(std::string_view head, uint64_t file_bytes, const std::string& file) {
  if (head.substr(0, kLfsPointer.size()) == kLfsPointer) {
    base::fail("{}: this is a Git LFS pointer, not the weights themselves; fetch them with `git lfs pull`", file);
  }
  if (file_bytes < kLengthBytes || head.size() < kLengthBytes) {
    base::fail("{}: {} bytes are too few for a safetensors file: truncated", file, file_bytes);
  }
  const uint64_t length = little_endian_u64(head);
  if (length > kHeaderMax) {
    base::fail("{}: a header of {} bytes is announced, at most {} are accepted: not a safetensors file", file, length,
               kHeaderMax);
  }
  if (length > file_bytes - kLengthBytes || length > head.size() - kLengthBytes) {
    base::fail("{}: a header of {} bytes is announced, but the file has {}: truncated", file, length, file_bytes);
  }
  return length;
}

}  // namespace

int64_t dtype_bits(std::string_view dtype) {
  for (const Dtype& d : kDtypes) {
    if (d.name == dtype) return d.bits;
  }
  return 0;
}

bool is_ordinary_float(std::string_view dtype) {
  return dtype == "F32" || dtype == "BF16" || dtype == "F16" || dtype == "F64";
}

SafetensorsHeader parse_safetensors_header(std::string_view head, uint64_t file_bytes, const std::string& file) {
  const uint64_t length = header_length(head, file_bytes, file);
  const std::string_view text = head.substr(kLengthBytes, length);
  const json::value value = base::parse_json(text, file + ": header");
  if (const auto key = repeated_json_key(text)) base::fail("{}: the header has {} twice", file, *key);

  SafetensorsHeader header;
  header.data_start = kLengthBytes + length;
  const uint64_t data_bytes = file_bytes - header.data_start;
  const base::JsonCursor root(value, file);
  for (const auto& member : root.as_object()) {
    const std::string name(member.key());
    if (name == "__metadata__") {
      const base::JsonCursor metadata = root.at(name);
      for (const auto& m : metadata.as_object()) {
        header.metadata[std::string(m.key())] = metadata.at(std::string_view(m.key())).as_string();
      }
    } else {
      const base::JsonCursor entry(member.value(), fmt::format("{}: tensor {}", file, name));
      header.tensors.push_back(read_entry(name, entry, data_bytes));
    }
  }
  std::sort(header.tensors.begin(), header.tensors.end(), [](const TensorEntry& a, const TensorEntry& b) {
    return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name);
  });
  check_layout(header.tensors, data_bytes, file);
  return header;
}

SafetensorsFile::SafetensorsFile(const std::filesystem::path& path) : map_(std::make_shared<MappedFile>(path)) {
  header_ = parse_safetensors_header(map_->text(), map_->size(), path.string());
  for (size_t i = 0; i < header_.tensors.size(); ++i) index_[header_.tensors[i].name] = i;
}

const TensorEntry& SafetensorsFile::entry(const std::string& name) const {
  const auto found = index_.find(name);
  if (found == index_.end()) base::fail("{}: there is no tensor {}", path().string(), name);
  return header_.tensors[found->second];
}

RawTensor SafetensorsFile::raw(const std::string& name) const {
  const TensorEntry& t = entry(name);
  return {t.dtype, t.shape, map_->data() + header_.data_start + t.begin, t.end - t.begin};
}

void SafetensorsFile::prefetch(const std::string& name) const {
  const TensorEntry& t = entry(name);
  map_->prefetch(header_.data_start + t.begin, t.end - t.begin);
}

void SafetensorsFile::release(const std::string& name) const {
  const TensorEntry& t = entry(name);
  map_->release(header_.data_start + t.begin, t.end - t.begin);
}

}  // namespace ar::model
