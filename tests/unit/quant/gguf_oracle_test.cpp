// Training of GGUF's types against upstream's quantizers and autograd, and rounding with importance against upstream's
// packed blocks (tests/golden/quant/make_gguf_vectors.py).
#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include <ATen/ops/from_blob.h>
#include <gtest/gtest.h>

#include "core/quant/data_type.hpp"
#include "core/quant/gguf_tuning.hpp"
#include "tests/tools/safetensors.hpp"
#include "tests/unit/quant/gguf_block.hpp"

namespace ar::quant::test {
namespace {

constexpr int64_t kRows = 12, kCols = 512;
/// Gradients of range factors are sums over groups, then over a super-block, taken in another order: relative to the
/// largest in the tensor, at most 32 + 16 addends rounded to 2^-24 each.
constexpr float kSumTolerance = 48 * 0x1p-24f;

const std::map<std::string, ar::test::StoredTensor>& vectors() {
  static const auto all =
      ar::test::read_safetensors(std::string(AR_SOURCE_DIR) + "/tests/golden/quant/gguf_vectors.safetensors");
  return all;
}
template <typename T>
std::vector<T> raw(const std::string& name) {
  const std::string& bytes = vectors().at(name).bytes;
  std::vector<T> data(bytes.size() / sizeof(T));
  std::memcpy(data.data(), bytes.data(), bytes.size());
  return data;
}
std::vector<float> floats(const std::string& name) {
  if (vectors().at(name).dtype == "F32") return raw<float>(name);
  std::vector<float> data;
  for (tensor::Bf16 x : raw<tensor::Bf16>(name)) data.push_back(tensor::to_f32(x));
  return data;
}

Scheme k_scheme(int bits) {
  Scheme scheme;
  scheme.bits = bits;
  scheme.sym = bits == 3 || bits == 6;
  scheme.data_type = scheme.sym ? "int_sym_dq" : "int_asym_dq";
  scheme.group_size = bits == 4 || bits == 5 ? 32 : 16;
  return scheme;
}
Scheme real_zero_scheme(int bits) {
  Scheme scheme;
  scheme.bits = bits;
  scheme.sym = false;
  scheme.data_type = "int_asym_float_zp";
  scheme.group_size = 32;
  return scheme;
}

struct Trained {
  std::string name;
  Scheme scheme;
};
void PrintTo(const Trained& t, std::ostream* out) { *out << t.name; }

/// A tuner of the case's weight, its parameters set to those of the case.
class TrainedCase {
 public:
  explicit TrainedCase(const Trained& c) : w_(raw<tensor::Bf16>(c.name + "/w")) {
    QuantizeOptions options;
    options.scale_type = ScaleType::kF32;
    const at::Tensor weight = at::from_blob(w_.data(), {kRows, kCols}, at::kBFloat16);
    tuner_ = data_type(c.scheme).tuner(weight, c.scheme, options);
    tuner_->start({0, kRows});
    const char* parts[] = {"/v", "/a", "/b"};
    for (size_t i = 0; i < 3; ++i) {
      const std::vector<float> x = floats(c.name + parts[i]);
      std::copy(x.begin(), x.end(), tuner_->buffers().at(i).data);
    }
  }
  WeightTuner& tuner() { return *tuner_; }

 private:
  std::vector<tensor::Bf16> w_;
  std::unique_ptr<WeightTuner> tuner_;
};

class GgufOracle : public ::testing::TestWithParam<Trained> {};

TEST_P(GgufOracle, ForwardIsUpstreamsBitForBit) {
  TrainedCase c(GetParam());
  std::vector<float> wq(kRows * kCols);
  c.tuner().fake_quant({0, kRows}, wq.data());
  EXPECT_EQ(wq, floats(GetParam().name + "/wq"));
}

TEST_P(GgufOracle, StoredScalesAreUpstreams) {
  TrainedCase c(GetParam());
  c.tuner().snapshot({0, kRows});
  const QuantizedWeight w = c.tuner().result(true);
  const auto same = [](const at::Tensor& plane, const std::string& name) {
    const auto* p = plane.const_data_ptr<float>();
    EXPECT_EQ(std::vector<float>(p, p + plane.numel()), floats(name)) << name;
  };
  const std::string& name = GetParam().name;
  if (w.scale.defined()) {
    same(w.scale, name + "/scale");
    same(w.zero_point, name + "/zero");
    return;
  }
  same(w.super_scale, name + "/d");
  if (w.super_min.defined()) same(w.super_min, name + "/dmin");
}

TEST_P(GgufOracle, GradientsAreAutograds) {
  TrainedCase c(GetParam());
  const auto u = raw<tensor::Bf16>(GetParam().name + "/u");
  const char* parts[] = {"/dv", "/da", "/db"};
  std::vector<std::vector<float>> gradients;
  for (const TunedBuffer& buffer : c.tuner().buffers()) gradients.emplace_back(kRows * buffer.width);
  c.tuner().accumulate_gradients({0, kRows}, u.data(), true,
                                 {gradients[0].data(), gradients[1].data(), gradients[2].data()});
  for (size_t i = 0; i < 3; ++i) {
    const std::vector<float> theirs = floats(GetParam().name + parts[i]);
    float largest = 0;
    for (float x : theirs) largest = std::max(largest, std::fabs(x));
    for (size_t k = 0; k < theirs.size(); ++k)
      ASSERT_NEAR(gradients[i][k], theirs[k], i == 0 ? 0.0f : kSumTolerance * largest) << parts[i] << " at " << k;
  }
}

INSTANTIATE_TEST_SUITE_P(Types, GgufOracle,
                         ::testing::Values(Trained{"tune-k2", k_scheme(2)}, Trained{"tune-k3", k_scheme(3)},
                                           Trained{"tune-k4", k_scheme(4)}, Trained{"tune-k5", k_scheme(5)},
                                           Trained{"tune-k6", k_scheme(6)}, Trained{"tune-real4", real_zero_scheme(4)},
                                           Trained{"tune-real5", real_zero_scheme(5)}),
                         [](const auto& info) { return info.param.name.substr(5); });

class GgufImportance : public ::testing::TestWithParam<int> {};

TEST_P(GgufImportance, BlocksAreUpstreams) {
  const std::string name = "search-k" + std::to_string(GetParam());
  auto w = raw<tensor::Bf16>(name + "/w");
  auto importance = raw<float>(name + "/importance");
  QuantizeOptions options;
  options.search = true;
  options.importance = at::from_blob(importance.data(), {kCols}, at::kFloat);
  const QuantizedWeight ours =
      quantize(at::from_blob(w.data(), {kRows, kCols}, at::kBFloat16), k_scheme(GetParam()), options);
  const auto blocks = raw<uint8_t>(name + "/blocks");
  const GgmlType& type = ggml_type(8 + static_cast<uint32_t>(GetParam()));
  for (int64_t b = 0; b < kRows * kCols / type.elements; ++b) {
    GgufBlock theirs = decode_block(type.id, blocks.data() + b * type.bytes);
    if (theirs.m == 0x8000) theirs.m = 0;  // a minimum of nothing has no sign here
    EXPECT_TRUE(our_block(ours, type.elements, b) == theirs) << "block " << b;
  }
}

INSTANTIATE_TEST_SUITE_P(Bits, GgufImportance, ::testing::Values(2, 3, 4, 5, 6));

}  // namespace
}  // namespace ar::quant::test
