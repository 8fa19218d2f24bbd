// GGUF types against the blocks upstream wrote for the same weights: every code, scale and minimum
// (shared/golden/upstream, route "regular", no importance).
#include <cstring>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <ATen/ops/empty.h>
#include <gtest/gtest.h>

#include "core/quant/data_type.hpp"
#include "tests/tools/gguf_file.hpp"
#include "tests/tools/safetensors.hpp"
#include "tests/unit/quant/gguf_block.hpp"

namespace ar::quant::test {
namespace {

namespace fs = std::filesystem;
using ar::test::GgufTensor;
using ar::test::StoredTensor;

const std::string kGolden = std::string(AR_SHARED_DIR) + "/golden/upstream/";

/// Linear layers of both models by their GGUF names.
std::string checkpoint_name(const std::string& name) {
  static const std::map<std::string, std::string> kNames{
      {"attn_q", "self_attn.q_proj"},      {"attn_k", "self_attn.k_proj"}, {"attn_v", "self_attn.v_proj"},
      {"attn_output", "self_attn.o_proj"}, {"ffn_gate", "mlp.gate_proj"},  {"ffn_up", "mlp.up_proj"},
      {"ffn_down", "mlp.down_proj"}};
  if (name == "token_embd.weight") return "model.embed_tokens.weight";
  if (name == "output.weight") return "lm_head.weight";
  const size_t block = name.find('.', 4), part = name.find('.', block + 1);
  return "model.layers." + name.substr(4, block - 4) + "." + kNames.at(name.substr(block + 1, part - block - 1)) +
         ".weight";
}

/// llama.cpp's order of the rows of q and k in models of the llama family: halves of a head interleaved.
int64_t source_row(const std::string& model, const std::string& name, int64_t row) {
  constexpr int64_t kHead = 32;  // of tiny-llama
  const bool permuted = name.find("attn_q.") != std::string::npos || name.find("attn_k.") != std::string::npos;
  if (model != "tiny-llama" || !permuted) return row;
  const int64_t in_head = row % kHead;
  return row - in_head + in_head % 2 * (kHead / 2) + in_head / 2;
}

at::Tensor weight_of(const StoredTensor& stored, const std::string& model, const std::string& name) {
  at::Tensor w = at::empty(stored.shape, at::kBFloat16);
  const size_t row_bytes = stored.bytes.size() / static_cast<size_t>(stored.shape[0]);
  auto* to = static_cast<char*>(w.mutable_data_ptr());
  for (int64_t row = 0; row < stored.shape[0]; ++row)
    std::memcpy(to + static_cast<size_t>(row) * row_bytes,
                stored.bytes.data() + static_cast<size_t>(source_row(model, name, row)) * row_bytes, row_bytes);
  return w;
}

/// torch takes square roots of more than a few numbers from MKL, up to 0.75 units in the last place off (AVX-512); ours
/// are rounded correctly. The weights of the 4- and 5-bit search carry them, which shows in one super_min of a tensor.
constexpr int kMklBlocks = 1;

int count_different_blocks(const GgufTensor& golden, const GgmlType& type, const QuantizedWeight& ours) {
  int different = 0;
  const auto* bytes = reinterpret_cast<const uint8_t*>(golden.bytes.data());
  for (int64_t b = 0; b < ours.out * ours.in / type.elements; ++b) {
    const GgufBlock theirs = decode_block(type.id, bytes + b * type.bytes), mine = our_block(ours, type.elements, b);
    if (theirs == mine) continue;
    if (++different > 3) continue;
    int codes = 0;
    for (size_t i = 0; i < mine.codes.size(); ++i) codes += theirs.codes[i] != mine.codes[i];
    std::printf("block %d: %d codes differ, scale codes %s, minimum codes %s, d %d for %d, m %d for %d\n",
                static_cast<int>(b), codes, theirs.scale_codes == mine.scale_codes ? "equal" : "differ",
                theirs.min_codes == mine.min_codes ? "equal" : "differ", mine.d, theirs.d, mine.m, theirs.m);
  }
  return different;
}

class GgufGolden : public ::testing::TestWithParam<std::string> {};

TEST_P(GgufGolden, BlocksAreEqual) {
  const fs::path folder = kGolden + "cases/" + GetParam();
  if (!fs::exists(folder)) GTEST_SKIP() << folder << " is not there; AR_SHARED names no golden data";
  const std::string model = GetParam().rfind("llama-", 0) == 0 ? "tiny-llama" : "tiny-qwen3";
  const auto source = ar::test::read_checkpoint(kGolden + "models/" + model);
  const ar::test::GgufFile file(fs::directory_iterator(folder)->path());
  int n_tensors = 0;
  for (const auto& [name, golden] : file.tensors()) {
    if (golden.type == 0) continue;  // F32
    SCOPED_TRACE(name);
    const GgmlType& type = ggml_type(golden.type);
    QuantizeOptions options;
    options.scale_type = ScaleType::kF32;
    const at::Tensor w = weight_of(source.at(checkpoint_name(name)), model, name);
    const QuantizedWeight ours = quantize(w, preset(type.preset), options);
    const bool square_roots = type.id == 12 || type.id == 13;
    EXPECT_LE(count_different_blocks(golden, type, ours), square_roots ? kMklBlocks : 0) << type.preset;
    ++n_tensors;
  }
  EXPECT_GT(n_tensors, 0);
}

INSTANTIATE_TEST_SUITE_P(Upstream, GgufGolden,
                         ::testing::Values("gguf-q4_0", "gguf-q4_1", "gguf-q5_0", "gguf-q5_1", "gguf-q8_0",
                                           "gguf-q2_k_s", "gguf-q3_k_l", "gguf-q4_k_m", "gguf-q5_k_m", "gguf-q6_k",
                                           "llama-gguf-q4_k_m", "llama-gguf-q6_k", "llama-gguf-q8_0"),
                         [](const auto& info) {
                           std::string name = info.param;
                           for (char& c : name)
                             if (c == '-') c = '_';
                           return name;
                         });

}  // namespace
}  // namespace ar::quant::test
