#include "pack.hpp"

#include <cmath>
#include <cstring>

#include "blocks.hpp"
#include "common/real.hpp"

namespace ar::gguf {
namespace {

constexpr int64_t kGrain = 64;  // rows a task

/// One plane, row by row; a plane the type does not have gives null rows.
template <typename T>
class Rows {
 public:
  Rows() = default;
  Rows(const T* first, int64_t width) : first_(first), width_(width) {}
  const T* operator[](int64_t row) const { return first_ == nullptr ? nullptr : first_ + row * width_; }

 private:
  const T* first_ = nullptr;
  int64_t width_ = 0;
};

class LayerPlanes {
 public:
  LayerPlanes(const LayerView& layer, const TypeInfo& type) : layer_(layer) {
    const int64_t in = layer.in_features();
    const int64_t groups = in / type.group_size;
    const int64_t blocks = in / type.block_elements;
    codes_ = bytes("codes", in);
    check_codes(type.bits);
    if (!type.two_level()) {
      scale_ = reals("scale", groups);
      if (!type.sym) zero_point_ = reals("zero_point", groups);
      return;
    }
    scale_codes_ = bytes("scale_codes", groups);
    super_scale_ = reals("super_scale", blocks);
    if (type.sym) return;
    min_codes_ = bytes("min_codes", groups);
    super_min_ = reals("super_min", blocks);
  }

  ConstRow row(int64_t r) const {
    return {codes_[r], scale_[r], zero_point_[r], scale_codes_[r], min_codes_[r], super_scale_[r], super_min_[r]};
  }

 private:
  TensorView plane(const char* name, int64_t width) const {
    TensorView plane = layer_.plane(name);
    plane.require_shape({layer_.out_features(), width});
    return plane;
  }
  Rows<uint8_t> bytes(const char* name, int64_t width) const {
    return {plane(name, width).elements<uint8_t>(AR_DTYPE_U8).begin(), width};
  }
  Rows<float> reals(const char* name, int64_t width) {
    const TensorView p = plane(name, width);
    if (p.dtype() == AR_DTYPE_F32) return {p.elements<float>().begin(), width};
    const std::vector<uint16_t> half = formats::to_f16(p);
    std::vector<float> wide(half.size());
    for (size_t i = 0; i < half.size(); ++i) wide[i] = formats::f16_to_f32(half[i]);
    widened_.push_back(std::move(wide));
    return {widened_.back().data(), width};
  }
  void check_codes(int bits) const {
    const TensorView plane = layer_.plane("codes");
    uint8_t all = 0;
    for (const uint8_t code : plane.elements<uint8_t>()) all = static_cast<uint8_t>(all | code);
    if (all >> bits != 0)
      throw Error(AR_INVALID_ARGUMENT,
                  "layer '" + layer_.name() + "': a code does not fit " + std::to_string(bits) + " bits");
  }

  const LayerView& layer_;
  std::vector<std::vector<float>> widened_;
  Rows<uint8_t> codes_, scale_codes_, min_codes_;
  Rows<float> scale_, zero_point_, super_scale_, super_min_;
};

int64_t source_row(const std::vector<int64_t>& rows, int64_t row) {
  return rows.empty() ? row : rows[static_cast<size_t>(row)];
}

/// The values of a part: rows of `size` places out of every row of the axis.
std::vector<float> take_part(const std::vector<float>& values, const Part& part) {
  int64_t outer = 1, inner = 1;
  for (int64_t i = 0; i < static_cast<int64_t>(part.shape.size()); ++i) {
    if (i < part.axis) outer *= part.shape[static_cast<size_t>(i)];
    if (i > part.axis) inner *= part.shape[static_cast<size_t>(i)];
  }
  const int64_t axis = part.shape[static_cast<size_t>(part.axis)];
  std::vector<float> taken;
  taken.reserve(static_cast<size_t>(outer * part.size * inner));
  for (int64_t o = 0; o < outer; ++o) {
    const auto first = values.begin() + (o * axis + part.begin) * inner;
    taken.insert(taken.end(), first, first + part.size * inner);
  }
  return taken;
}

}  // namespace

std::vector<int64_t> rope_rows(int64_t rows, int64_t heads) {
  std::vector<int64_t> order;
  if (heads <= 0) return order;
  const int64_t width = rows / heads;
  for (int64_t h = 0; h < heads; ++h) {
    for (int64_t j = 0; j < width; ++j) order.push_back(h * width + j % 2 * (width / 2) + j / 2);
  }
  return order;
}

std::vector<uint8_t> pack_layer(const ar_host& host, const LayerView& layer, Type type, int64_t rope_heads) {
  const TypeInfo& t = info(type);
  const int64_t in = layer.in_features();
  const int64_t out = layer.out_features();
  if (in % t.block_elements != 0) {
    throw Error(AR_INVALID_ARGUMENT, "layer '" + layer.name() + "': rows of " + std::to_string(in) +
                                         " do not fill blocks of " + std::to_string(t.block_elements) + ", which " +
                                         t.name + " is made of");
  }
  const LayerPlanes planes(layer, t);
  const std::vector<int64_t> order = rope_rows(out, rope_heads);
  const int64_t row_bytes = t.row_bytes(in);
  std::vector<uint8_t> blocks(static_cast<size_t>(out * row_bytes));
  parallel_for(host, out, kGrain, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r)
      pack_row(type, planes.row(source_row(order, r)), in, blocks.data() + r * row_bytes);
  });
  return blocks;
}

void unpack_blocks(const ar_host& host, Type type, const uint8_t* blocks, int64_t rows, int64_t columns,
                   const std::vector<int64_t>& source_rows, const ar_sink& sink) {
  const TypeInfo& t = info(type);
  const int64_t groups = columns / t.group_size;
  const int64_t n_blocks = columns / t.block_elements;
  const auto size = [rows](int64_t width) { return static_cast<size_t>(rows * width); };
  const bool two = t.two_level();
  std::vector<uint8_t> codes(size(columns)), scale_codes(size(two ? groups : 0)),
      min_codes(size(two && !t.sym ? groups : 0));
  std::vector<float> scale(size(two ? 0 : groups)), zero(size(two || t.sym ? 0 : groups));
  std::vector<float> super_scale(size(two ? n_blocks : 0)), super_min(size(two && !t.sym ? n_blocks : 0));
  const auto at = [](auto& plane, int64_t row, int64_t width) {
    return plane.empty() ? nullptr : plane.data() + row * width;
  };
  parallel_for(host, rows, kGrain, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      const int64_t s = source_row(source_rows, r);
      unpack_row(type, blocks + r * t.row_bytes(columns), columns,
                 {at(codes, s, columns), at(scale, s, groups), at(zero, s, groups), at(scale_codes, s, groups),
                  at(min_codes, s, groups), at(super_scale, s, n_blocks), at(super_min, s, n_blocks)});
    }
  });
  const auto write = [&](const char* name, ar_dtype dtype, int64_t width, const auto& plane) {
    if (!plane.empty()) write_tensor(sink, name, dtype, {rows, width}, plane);
  };
  write("codes", AR_DTYPE_U8, columns, codes);
  write("scale", AR_DTYPE_F32, groups, scale);
  write("zero_point", AR_DTYPE_F32, groups, zero);
  write("scale_codes", AR_DTYPE_U8, groups, scale_codes);
  write("min_codes", AR_DTYPE_U8, groups, min_codes);
  write("super_scale", AR_DTYPE_F32, n_blocks, super_scale);
  write("super_min", AR_DTYPE_F32, n_blocks, super_min);
}

std::vector<uint8_t> convert(const TensorView& tensor, const DeclaredTensor& declared, Type type) {
  const bool whole = declared.part.size == 0;
  tensor.require_shape(whole ? declared.shape : declared.part.shape);
  std::vector<float> values = formats::to_f32(tensor);
  if (!whole) values = take_part(values, declared.part);
  const int64_t rows = declared.shape.front();
  const int64_t width = rows == 0 ? 0 : static_cast<int64_t>(values.size()) / rows;
  const std::vector<int64_t> order = rope_rows(rows, declared.rope_heads);
  const size_t bytes = type == Type::kF32 ? 4 : 2;
  std::vector<uint8_t> stored(values.size() * bytes);
  for (int64_t r = 0; r < rows; ++r) {
    const float* from = values.data() + source_row(order, r) * width;
    uint8_t* to = stored.data() + static_cast<size_t>(r * width) * bytes;
    for (int64_t c = 0; c < width; ++c, to += bytes) {
      const float x = from[c] + declared.add;
      if (type == Type::kF32) {
        std::memcpy(to, &x, sizeof x);
      } else {
        const uint16_t half = type == Type::kBF16 ? formats::f32_to_bf16(x) : formats::f32_to_f16(x);
        std::memcpy(to, &half, sizeof half);
      }
    }
  }
  return stored;
}

}  // namespace ar::gguf
