// gguf_bench FILE OUT TYPE [--importance] [--from-data]: rounds every BF16 matrix of a GGUF file to TYPE (Q4_0 ...
// Q6_K) on one thread, packs it and writes the blocks to OUT, as llama-quantize --pure does with one thread. Prints the
// bytes of the matrices, the processor seconds and where they went; scripts/bench-llama-quantize sets both side by
// side.
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <string>
#include <vector>

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>

#include "core/engine/memory.hpp"
#include "core/quant/data_type.hpp"
#include "core/tensor/parallel.hpp"
#include "gguf/blocks.hpp"
#include "tests/tools/gguf_file.hpp"

namespace ar {
namespace {

/// Processor time: other programs on the machine do not count.
double seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

gguf::Type type_named(const std::string& name) {
  for (gguf::Type type :
       {gguf::Type::kQ4_0, gguf::Type::kQ4_1, gguf::Type::kQ5_0, gguf::Type::kQ5_1, gguf::Type::kQ8_0,
        gguf::Type::kQ2_K, gguf::Type::kQ3_K, gguf::Type::kQ4_K, gguf::Type::kQ5_K, gguf::Type::kQ6_K})
    if (gguf::info(type).name == name) return type;
  throw std::runtime_error(name + ": not a type to quantize to");
}

quant::Scheme scheme_of(const gguf::TypeInfo& type) {
  quant::Scheme scheme;
  scheme.bits = type.bits;
  scheme.group_size = type.group_size;
  scheme.sym = type.sym;
  scheme.data_type = type.data_type;
  return scheme;
}

/// Packs and writes in pieces, planes of a row following each other. Returns the seconds that packing took.
double pack(const gguf::TypeInfo& type, const quant::QuantizedWeight& w, std::FILE* to) {
  constexpr int64_t kPiece = 1 << 18;  // elements; stays in the cache
  const auto bytes = [](const at::Tensor& plane) {
    return plane.defined() ? plane.const_data_ptr<uint8_t>() : nullptr;
  };
  const auto floats = [](const at::Tensor& plane) { return plane.defined() ? plane.const_data_ptr<float>() : nullptr; };
  gguf::ConstRow row{bytes(w.codes),     floats(w.scale),       floats(w.zero_point), bytes(w.scale_codes),
                     bytes(w.min_codes), floats(w.super_scale), floats(w.super_min)};
  const auto advance = [](auto& plane, int64_t n) {
    if (plane != nullptr) plane += n;
  };
  std::vector<uint8_t> blocks(static_cast<size_t>(type.row_bytes(kPiece)));
  double packing = 0;
  for (int64_t done = 0; done < w.out * w.in; done += kPiece) {
    const int64_t n = std::min(kPiece, w.out * w.in - done);
    const double start = seconds();
    gguf::pack_row(type.type, row, n, blocks.data());
    packing += seconds() - start;
    std::fwrite(blocks.data(), 1, static_cast<size_t>(type.row_bytes(n)), to);
    for (auto* plane : {&row.codes, &row.scale_codes, &row.min_codes})
      advance(*plane, plane == &row.codes ? n : n / type.group_size);
    for (auto* plane : {&row.scale, &row.zero_point}) advance(*plane, n / type.group_size);
    for (auto* plane : {&row.super_scale, &row.super_min}) advance(*plane, n / type.block_elements);
  }
  std::fflush(to);
  return packing;
}

int run(const std::string& path, const char* out, const std::string& type_name, bool importance, bool from_data) {
  const tensor::ThreadControl threads(1);
  engine::tune_allocator();  // as every run does
  const gguf::TypeInfo& type = gguf::info(type_named(type_name));
  const test::GgufFile file(path);
  std::FILE* to = std::fopen(out, "wb");
  if (to == nullptr) throw std::runtime_error(std::string(out) + ": cannot be written");
  double bytes = 0, rounding = 0, packing = 0, writing = 0;
  for (const auto& [name, tensor] : file.tensors()) {
    if (tensor.type != 30 || tensor.shape.size() != 2) continue;
    const at::Tensor w = at::from_blob(const_cast<char*>(tensor.bytes.data()), tensor.shape, at::kBFloat16);
    quant::QuantizeOptions options;
    options.scale_type = quant::ScaleType::kF32;
    options.from_data = from_data;
    options.search = importance;
    if (importance) {  // as the script's importance file has it
      options.importance = at::empty({tensor.shape[1]}, at::kFloat);
      for (int64_t i = 0; i < tensor.shape[1]; ++i)
        options.importance.mutable_data_ptr<float>()[i] = 1.0f + static_cast<float>(i % 7);
    }
    const double start = seconds();
    const quant::QuantizedWeight rounded = quant::quantize(w, scheme_of(type), options);
    const double after_rounding = seconds();
    const double packed = pack(type, rounded, to);
    rounding += after_rounding - start;
    packing += packed;
    writing += seconds() - after_rounding - packed;
    bytes += static_cast<double>(tensor.bytes.size());
  }
  std::fclose(to);
  std::printf("%.0f bytes, %.4f s: rounding %.4f, packing %.4f, writing %.4f\n", bytes, rounding + packing + writing,
              rounding, packing, writing);
  return 0;
}

}  // namespace
}  // namespace ar

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fprintf(stderr, "usage: gguf_bench FILE OUT TYPE [--importance] [--from-data]\n");
    return 2;
  }
  bool importance = false, from_data = false;
  for (int i = 4; i < argc; ++i) {
    importance = importance || std::strcmp(argv[i], "--importance") == 0;
    from_data = from_data || std::strcmp(argv[i], "--from-data") == 0;
  }
  return ar::run(argv[1], argv[2], argv[3], importance, from_data);
}
