#include <algorithm>
#include <cmath>

#include "core/quant/gguf_block_search.hpp"

namespace ar::quant::reference {
namespace {

struct Block {
  std::vector<float> x;
  std::vector<int16_t> weights;
  float extreme;
};

/// a * b / 2^15, halves upwards.
int32_t fixed_product(int32_t a, int32_t b) { return (a * b + (1 << 14)) >> 15; }

/// The scale of the best coding; where none has a code that counts, the extreme sets it.
float best_scale(const IntGrid& grid, const Block& block) {
  const BlockCodings codings = block_codings(grid.bits);
  const auto half = static_cast<int32_t>(grid.half());
  float most = 0.0f, scale = block.extreme / -grid.half();
  if (std::fabs(block.extreme) < kNoExtreme) return scale;
  for (const int16_t factor : codings.factors) {
    int32_t product = 0, square = 0;
    for (size_t k = 0; k < block.x.size(); ++k) {
      const float scaled = std::min(block.x[k] * (-codings.one / block.extreme), 32767.0f);
      const auto x = static_cast<int32_t>(std::nearbyint(scaled));
      const int32_t code = std::clamp(fixed_product(x, factor), -half, half - 1);
      product += code * fixed_product(x, block.weights[k] << kWeightShift);
      square += code * code * block.weights[k];
    }
    const auto products = static_cast<float>(product), squares = static_cast<float>(std::max(square, 1));
    if (!(products * products / squares > most)) continue;
    most = products * products / squares;
    scale = products / squares * (coding_unit(codings) * block.extreme);
  }
  return scale;
}

Block block_at(const IntGrid& grid, tensor::ConstReals weight, int64_t index, const Importance& importance) {
  const auto size = static_cast<size_t>(grid.group);
  Block block{std::vector<float>(size), std::vector<int16_t>(size), 0.0f};
  for (size_t k = 0; k < size; ++k) block.x[k] = tensor::real_at(weight, index * grid.group + static_cast<int64_t>(k));
  std::vector<float> weights(size, 1.0f);
  if (!importance.uniform()) importance.fill(block.x.data(), index % grid.groups(), grid.group, false, weights.data());
  whole_weights(weights.data(), grid.group, block.weights.data());
  const auto [low, high] = std::minmax_element(block.x.begin(), block.x.end());
  block.extreme = *high > -*low ? *high : *low;
  return block;
}

}  // namespace

void round_searched_blocks(const IntGrid& grid, tensor::ConstReals weight, RowRange rows, const Importance& importance,
                           const IntPlanes& planes) {
  for (int64_t g = rows.begin * grid.groups(); g < rows.end * grid.groups(); ++g) {
    const Block block = block_at(grid, weight, g, importance);
    const float scale = best_scale(grid, block);
    const float stored = std::copysign(std::min(std::fabs(tensor::round_to_f16(scale)), kMostHalf), scale);
    planes.scale[g] = stored;
    if (planes.codes == nullptr) continue;
    const float inverse = stored == 0.0f ? 0.0f : 1.0f / stored;
    for (size_t k = 0; k < block.x.size(); ++k) {
      const float code = std::clamp(std::nearbyint(block.x[k] * inverse), -grid.half(), grid.half() - 1);
      planes.codes[g * grid.group + static_cast<int64_t>(k)] = static_cast<uint8_t>(code + grid.half());
    }
  }
}

}  // namespace ar::quant::reference
