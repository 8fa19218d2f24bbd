#include <algorithm>

#include "common/bit_packing.hpp"
#include "common/int_layers.hpp"
#include "common/real.hpp"
#include "common/stored_tensor.hpp"

namespace ar::formats {
namespace {

/// Zero points [out, G] as real numbers.
std::vector<float> zero_points(const IntLayout& layout, int bits, const TensorView& qzeros, int64_t out,
                               int64_t groups) {
  const int64_t width = stream_words(out, bits);
  qzeros.require_shape({groups, width});
  const auto words = words_of(qzeros);
  const int shift = layout.zero_less_one ? 1 : 0;
  std::vector<uint8_t> row(static_cast<size_t>(out));
  std::vector<float> points(static_cast<size_t>(groups * out));
  for (int64_t g = 0; g < groups; ++g) {
    const uint32_t* from = words.data() + g * width;
    layout.awq ? unpack_awq_row(from, out, row.data()) : unpack_stream(from, out, bits, row.data());
    for (int64_t c = 0; c < out; ++c) {
      points[static_cast<size_t>(c * groups + g)] = static_cast<float>(row[static_cast<size_t>(c)] + shift);
    }
  }
  return points;
}

void check_symmetric(const std::string& layer, const std::vector<float>& points, int bits) {
  const auto middle = static_cast<float>(1 << (bits - 1));
  if (std::all_of(points.begin(), points.end(), [&](float z) { return z == middle; })) return;
  throw Error(AR_INVALID_ARGUMENT, "tensor '" + layer + ".qzeros' holds zero points other than " +
                                       std::to_string(1 << (bits - 1)) +
                                       ", but the config says the layer is symmetric");
}

void check_group_index(const TensorView& g_idx, int64_t in, int64_t group) {
  g_idx.require_shape({in});
  const auto index = aligned<int32_t>(g_idx, AR_DTYPE_I32);
  for (int64_t i = 0; i < in; ++i) {
    if (index[static_cast<size_t>(i)] == i / group) continue;
    throw Error(AR_UNSUPPORTED, std::string("tensor '") + g_idx.name() + "' puts column " + std::to_string(i) +
                                    " into group " + std::to_string(index[static_cast<size_t>(i)]) +
                                    ": groups out of order (desc_act) are not read");
  }
}

struct Shape {
  int64_t out;
  int64_t in;
  int64_t groups;
};

Shape shape_of(const IntLayout& layout, const Scheme& scheme, const TensorView& qweight, const TensorView& scales) {
  Shape s{};
  s.out = dimension(scales, 1);
  const int64_t rows = dimension(qweight, 0);
  if (!layout.awq && rows % scheme.bits != 0) {
    throw Error(AR_INVALID_ARGUMENT, std::string("tensor '") + qweight.name() + "' has " + std::to_string(rows) +
                                         " rows of words: must be a multiple of " + std::to_string(scheme.bits) +
                                         ", which hold 32 columns");
  }
  s.in = layout.awq ? rows : rows / scheme.bits * 32;
  s.groups = scheme.groups(s.in);
  const int64_t unit = layout.awq ? 8 : 32;
  if (s.out % unit != 0) {
    throw Error(AR_INVALID_ARGUMENT, std::string("tensor '") + scales.name() + "' has " + std::to_string(s.out) +
                                         " columns: must be a multiple of " + std::to_string(unit));
  }
  qweight.require_shape(layout.awq ? std::vector<int64_t>{s.in, s.out / 8}
                                   : std::vector<int64_t>{stream_words(s.in, scheme.bits), s.out});
  scales.require_shape({s.groups, s.out});
  return s;
}

}  // namespace

void unpack_int_layer(const IntLayout& layout, const Scheme& scheme, const std::string& layer, const TensorList& stored,
                      const ar_sink& sink) {
  const TensorView qweight = stored.at(layer + ".qweight");
  const TensorView scales = stored.at(layer + ".scales");
  const auto [out, in, groups] = shape_of(layout, scheme, qweight, scales);

  std::vector<uint8_t> codes(static_cast<size_t>(out * in));
  const auto words = words_of(qweight);
  if (layout.awq)
    unpack_awq(words.data(), out, in, 0, in, codes.data());
  else
    unpack_gptq(words.data(), out, in, scheme.bits, 0, out, codes.data());
  const auto points = zero_points(layout, scheme.bits, stored.at(layer + ".qzeros"), out, groups);
  if (stored.has(layer + ".g_idx")) check_group_index(stored.at(layer + ".g_idx"), in, scheme.group(in));
  if (scheme.sym) check_symmetric(layer, points, scheme.bits);

  write_tensor(sink, "codes", AR_DTYPE_U8, {out, in}, codes);
  write_tensor(sink, "scale", AR_DTYPE_F16, {out, groups}, transposed(to_f16(scales).data(), groups, out));
  if (!scheme.sym) write_tensor(sink, "zero_point", AR_DTYPE_F32, {out, groups}, points);
  copy_bias(layer, stored, sink);
}

}  // namespace ar::formats
