#include <algorithm>

#include "common/bit_packing.hpp"
#include "common/real.hpp"
#include "pack.hpp"

namespace ar::formats {
namespace {

/// Words in memory aligned for them; the mapped file promises no alignment to a plugin's 4 bytes.
std::vector<uint32_t> words_of(const TensorView& t) {
  const auto stored = t.require_dtype(AR_DTYPE_I32).n_bytes();
  std::vector<uint32_t> words(t.numel());
  if (stored != 0) std::memcpy(words.data(), t.bytes(), stored);
  return words;
}

/// Zero points [out, G] as real numbers.
std::vector<float> zero_points(Packing packing, const IntLayout& layout, const TensorView& qzeros, int64_t out,
                               int64_t groups) {
  const int64_t width = stream_words(out, layout.bits);
  qzeros.require_shape({groups, width});
  const auto words = words_of(qzeros);
  const int shift = packing == Packing::kGptqV1 ? 1 : 0;
  std::vector<uint8_t> row(static_cast<size_t>(out));
  std::vector<float> points(static_cast<size_t>(groups * out));
  for (int64_t g = 0; g < groups; ++g) {
    const uint32_t* from = words.data() + g * width;
    packing == Packing::kAwq ? unpack_awq_row(from, out, row.data())
                             : unpack_stream(from, out, layout.bits, row.data());
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
  g_idx.require_dtype(AR_DTYPE_I32).require_shape({in});
  std::vector<int32_t> index(static_cast<size_t>(in));
  std::memcpy(index.data(), g_idx.bytes(), g_idx.n_bytes());
  for (int64_t i = 0; i < in; ++i) {
    if (index[static_cast<size_t>(i)] == i / group) continue;
    throw Error(AR_UNSUPPORTED,
                std::string("tensor '") + g_idx.name() + "' reorders groups (desc_act), which is not read");
  }
}

}  // namespace

void unpack_layer(Packing packing, const IntLayout& layout, const std::string& layer, const TensorList& stored,
                  const ar_sink& sink) {
  const TensorView qweight = stored.at(layer + ".qweight");
  const TensorView scales = stored.at(layer + ".scales");
  const bool awq = packing == Packing::kAwq;
  const int64_t out = scales.size(1);
  const int64_t in = awq ? qweight.size(0) : qweight.size(0) * 32 / layout.bits;
  const int64_t groups = layout.groups(in);
  qweight.require_shape(awq ? std::vector<int64_t>{in, out / 8}
                            : std::vector<int64_t>{stream_words(in, layout.bits), out});
  scales.require_shape({groups, out});

  std::vector<uint8_t> codes(static_cast<size_t>(out * in));
  const auto words = words_of(qweight);
  if (awq)
    unpack_awq(words.data(), out, in, 0, in, codes.data());
  else
    unpack_gptq(words.data(), out, in, layout.bits, 0, out, codes.data());
  write_tensor(sink, "codes", AR_DTYPE_U8, {out, in}, codes);
  write_tensor(sink, "scale", AR_DTYPE_F16, {out, groups}, transposed(to_f16(scales).data(), groups, out));

  const auto points = zero_points(packing, layout, stored.at(layer + ".qzeros"), out, groups);
  if (layout.sym)
    check_symmetric(layer, points, layout.bits);
  else
    write_tensor(sink, "zero_point", AR_DTYPE_F32, {out, groups}, points);
  if (stored.has(layer + ".g_idx")) check_group_index(stored.at(layer + ".g_idx"), in, layout.group(in));
  if (stored.has(layer + ".bias")) {
    const TensorView bias = stored.at(layer + ".bias");
    write_tensor(sink, "bias", bias.dtype(), bias.shape(), bias.bytes(), bias.n_bytes());
  }
}

}  // namespace ar::formats
