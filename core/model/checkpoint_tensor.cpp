#include "core/model/checkpoint_tensor.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <system_error>

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>

#include "core/base/error.hpp"
#include "core/model/safetensors_writer.hpp"

namespace ar::model {
namespace {

struct TypePair {
  const char* name;
  at::ScalarType type;
};
constexpr TypePair kTypes[] = {{"BOOL", at::kBool},
                               {"U8", at::kByte},
                               {"I8", at::kChar},
                               {"I16", at::kShort},
                               {"I32", at::kInt},
                               {"I64", at::kLong},
                               {"U16", at::kUInt16},
                               {"U32", at::kUInt32},
                               {"U64", at::kUInt64},
                               {"F16", at::kHalf},
                               {"BF16", at::kBFloat16},
                               {"F32", at::kFloat},
                               {"F64", at::kDouble},
                               {"F8_E4M3", at::kFloat8_e4m3fn},
                               {"F8_E5M2", at::kFloat8_e5m2},
                               {"F8_E8M0", at::kFloat8_e8m0fnu}};

at::ScalarType scalar_type(const SafetensorsFile& file, const std::string& name, const std::string& dtype) {
  for (const TypePair& t : kTypes) {
    if (dtype == t.name) return t.type;
  }
  base::fail("{}: tensor {} has dtype {}, which cannot be computed with", file.path().string(), name, dtype);
}

std::string dtype_name(const std::string& tensor, at::ScalarType type) {
  for (const TypePair& t : kTypes) {
    if (type == t.type) return t.name;
  }
  base::fail("tensor {} has dtype {}, which safetensors cannot hold", tensor, c10::toString(type));
}

at::Tensor copied(const RawTensor& raw, at::ScalarType type) {
  at::Tensor out = at::empty(raw.shape, at::TensorOptions(type));
  if (raw.n_bytes > 0) std::memcpy(out.mutable_data_ptr(), raw.data, raw.n_bytes);
  return out;
}

at::Tensor view(const SafetensorsFile& file, const std::string& name) {
  const RawTensor raw = file.raw(name);
  const at::ScalarType type = scalar_type(file, name, raw.dtype);
  // Headers are padded to 8 bytes only by newer writers; kernels need the alignment of the element.
  const bool aligned = reinterpret_cast<uintptr_t>(raw.data) % c10::elementSize(type) == 0;
  if (!aligned || raw.n_bytes == 0) return copied(raw, type);
  const std::shared_ptr<const MappedFile> keep = file.mapping();
  return at::from_blob(
      const_cast<std::byte*>(raw.data), raw.shape, [keep](void*) {}, at::TensorOptions(type));
}

}  // namespace

at::Tensor tensor(const Checkpoint& checkpoint, const std::string& name) {
  return view(checkpoint.file_of(name), name);
}

at::Tensor tensor(const SafetensorsFile& file, const std::string& name) { return view(file, name); }

std::map<std::string, at::Tensor> read_safetensors(const std::filesystem::path& path) {
  const SafetensorsFile file(path);
  std::map<std::string, at::Tensor> tensors;
  for (const TensorEntry& t : file.header().tensors) {
    tensors[t.name] = copied(file.raw(t.name), scalar_type(file, t.name, t.dtype));
  }
  return tensors;
}

void write_safetensors(const std::filesystem::path& path,
                       const std::vector<std::pair<std::string, at::Tensor>>& tensors) {
  std::vector<TensorEntry> entries;
  std::map<std::string, at::Tensor> data;
  for (const auto& [name, value] : tensors) {
    if (!data.emplace(name, value.cpu().contiguous()).second) base::fail("tensor {} is there twice", name);
    entries.push_back({name, dtype_name(name, value.scalar_type()), value.sizes().vec(), 0, value.nbytes()});
  }
  lay_out(entries);
  const std::filesystem::path partial = path.string() + ".partial";
  std::ofstream out(partial, std::ios::binary | std::ios::trunc);
  const std::string header = serialize_header(entries, "pt");
  out.write(header.data(), static_cast<std::streamsize>(header.size()));
  for (const TensorEntry& t : entries) {
    out.write(static_cast<const char*>(data.at(t.name).const_data_ptr()),
              static_cast<std::streamsize>(t.end - t.begin));
  }
  out.close();
  std::error_code error;
  if (out) std::filesystem::rename(partial, path, error);
  if (!out || error) {
    const int cause = errno;
    std::filesystem::remove(partial, error);
    base::fail("{}: cannot write: {}", path.string(), std::strerror(cause));
  }
}

}  // namespace ar::model
