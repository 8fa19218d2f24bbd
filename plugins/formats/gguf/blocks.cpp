#include "blocks.hpp"

#include <cstring>

#include "common/real.hpp"

namespace ar::gguf {
namespace {

/// Stands for a scale of 0 when a block is read: float16 has no such number, so packing stores 0 again, and a zero
/// point can carry the minimum.
constexpr float kTinyScale = 1e-8F;

void pack_legacy_row(const TypeInfo& type, const ConstRow& row, int64_t n_blocks, uint8_t* blocks) {
  for (int64_t b = 0; b < n_blocks; ++b) {
    const float minimum = row.zero_point != nullptr ? -row.zero_point[b] * row.scale[b] : 0.0F;
    pack_legacy(type, row.codes + b * type.block_elements, row.scale[b], minimum, blocks + b * type.block_bytes);
  }
}

void unpack_legacy_row(const TypeInfo& type, const uint8_t* blocks, int64_t n_blocks, const MutableRow& row) {
  for (int64_t b = 0; b < n_blocks; ++b) {
    float minimum = 0.0F;
    unpack_legacy(type, blocks + b * type.block_bytes, row.codes + b * type.block_elements, row.scale[b], minimum);
    if (row.zero_point == nullptr) continue;
    if (row.scale[b] == 0.0F) row.scale[b] = kTinyScale;
    row.zero_point[b] = -minimum / row.scale[b];
  }
}

void pack_super_row(const TypeInfo& type, const ConstRow& row, int64_t n_blocks, uint8_t* blocks) {
  const int64_t groups = type.super_group_size;
  SuperBlock f{};
  for (int64_t b = 0; b < n_blocks; ++b) {
    std::memcpy(f.codes, row.codes + b * type.block_elements, sizeof f.codes);
    std::memcpy(f.scale_codes, row.scale_codes + b * groups, static_cast<size_t>(groups));
    f.super_scale = formats::f32_to_f16(row.super_scale[b]);
    if (!type.sym) {
      std::memcpy(f.min_codes, row.min_codes + b * groups, static_cast<size_t>(groups));
      f.super_min = formats::f32_to_f16(row.super_min[b]);
    }
    pack_super(type.type, f, blocks + b * type.block_bytes);
  }
}

void unpack_super_row(const TypeInfo& type, const uint8_t* blocks, int64_t n_blocks, const MutableRow& row) {
  const int64_t groups = type.super_group_size;
  SuperBlock f{};
  for (int64_t b = 0; b < n_blocks; ++b) {
    unpack_super(type.type, blocks + b * type.block_bytes, f);
    std::memcpy(row.codes + b * type.block_elements, f.codes, sizeof f.codes);
    std::memcpy(row.scale_codes + b * groups, f.scale_codes, static_cast<size_t>(groups));
    row.super_scale[b] = formats::f16_to_f32(f.super_scale);
    if (type.sym) continue;
    std::memcpy(row.min_codes + b * groups, f.min_codes, static_cast<size_t>(groups));
    row.super_min[b] = formats::f16_to_f32(f.super_min);
  }
}

void dequantize_legacy(const TypeInfo& type, const uint8_t* block, float* values) {
  uint8_t codes[32];
  float scale = 0.0F;
  float minimum = 0.0F;
  unpack_legacy(type, block, codes, scale, minimum);
  const int zero = type.sym ? 1 << (type.bits - 1) : 0;
  for (int i = 0; i < 32; ++i) values[i] = scale * static_cast<float>(codes[i] - zero) + minimum;
}

/// The number a scale code of a symmetric type stands for.
int signed_scale(Type type, uint8_t code) { return type == Type::kQ3_K ? code - 32 : static_cast<int8_t>(code); }

void dequantize_super(const TypeInfo& type, const uint8_t* block, float* values) {
  SuperBlock f{};
  unpack_super(type.type, block, f);
  const float d = formats::f16_to_f32(f.super_scale);
  const float d_min = formats::f16_to_f32(f.super_min);
  const int zero = type.sym ? 1 << (type.bits - 1) : 0;
  for (int i = 0; i < 256; ++i) {
    const int g = i / type.group_size;
    const int s = type.sym ? signed_scale(type.type, f.scale_codes[g]) : f.scale_codes[g];
    const float scale = d * static_cast<float>(s);
    const float minimum = type.sym ? 0.0F : d_min * static_cast<float>(f.min_codes[g]);
    values[i] = scale * static_cast<float>(f.codes[i] - zero) - minimum;
  }
}

void widen(Type type, const uint8_t* bytes, int64_t elements, float* values) {
  if (type == Type::kF32) {
    std::memcpy(values, bytes, static_cast<size_t>(elements) * sizeof(float));
    return;
  }
  for (int64_t i = 0; i < elements; ++i) {
    uint16_t bits;
    std::memcpy(&bits, bytes + 2 * i, sizeof bits);
    values[i] = type == Type::kF16 ? formats::f16_to_f32(bits) : formats::bf16_to_f32(bits);
  }
}

}  // namespace

void pack_row(Type type, const ConstRow& row, int64_t elements, uint8_t* blocks) {
  const TypeInfo& t = info(type);
  const int64_t n_blocks = elements / t.block_elements;
  t.two_level() ? pack_super_row(t, row, n_blocks, blocks) : pack_legacy_row(t, row, n_blocks, blocks);
}

void unpack_row(Type type, const uint8_t* blocks, int64_t elements, const MutableRow& row) {
  const TypeInfo& t = info(type);
  const int64_t n_blocks = elements / t.block_elements;
  t.two_level() ? unpack_super_row(t, blocks, n_blocks, row) : unpack_legacy_row(t, blocks, n_blocks, row);
}

void dequantize_row(Type type, const uint8_t* blocks, int64_t elements, float* values) {
  const TypeInfo& t = info(type);
  if (!t.quantized()) {
    widen(type, blocks, elements, values);
    return;
  }
  const auto one = t.two_level() ? dequantize_super : dequantize_legacy;
  for (int64_t b = 0; b < elements / t.block_elements; ++b)
    one(t, blocks + b * t.block_bytes, values + b * t.block_elements);
}

}  // namespace ar::gguf
