// Round to nearest against what upstream wrote for the same weights: scales, zero points and codes, by the digest of
// their packed form (tests/golden/upstream).
#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <boost/json.hpp>

#include "core/quant/data_type.hpp"
#include "plugins/formats/gguf/sha256.hpp"
#include "tests/tools/safetensors.hpp"
#include "tests/unit/quant/source_model.hpp"

namespace ar::quant::test {
namespace {

namespace json = boost::json;

const std::string kFolder = golden_in_tree();

/// Words of codes[a][b] packed along a, first code in the lowest bits, one column of words for each b.
template <typename Code>
std::vector<uint32_t> pack_stream(int64_t n_a, int64_t n_b, int bits, Code code) {
  std::vector<uint32_t> words(static_cast<size_t>(n_a * bits / 32 * n_b));
  for (int64_t b = 0; b < n_b; ++b)
    for (int64_t a = 0; a < n_a; ++a)
      for (int k = 0; k < bits; ++k) {
        const int64_t at = a * bits + k;
        words[static_cast<size_t>(at / 32 * n_b + b)] |= ((code(a, b) >> k) & 1u) << (at % 32);
      }
  return words;
}

/// Words of eight 4-bit codes of neighbouring columns in AWQ's order.
template <typename Code>
std::vector<uint32_t> pack_awq(int64_t rows, int64_t cols, Code code) {
  static constexpr int kShift[8] = {0, 16, 4, 20, 8, 24, 12, 28};
  std::vector<uint32_t> words(static_cast<size_t>(rows * cols / 8));
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = 0; c < cols; ++c)
      words[static_cast<size_t>(r * (cols / 8) + c / 8)] |= code(r, c) << kShift[c % 8];
  return words;
}

template <typename T>
std::string digest(const std::vector<T>& data) {
  return gguf::sha256_hex({reinterpret_cast<const char*>(data.data()), data.size() * sizeof(T)});
}

struct Packed {
  std::string qweight, qzeros, scales;
};

Packed packed(const QuantizedWeight& w, const std::string& packing) {
  const int64_t groups = w.scale.size(1);
  const auto* codes = w.codes.const_data_ptr<uint8_t>();
  const auto* scale = static_cast<const uint16_t*>(w.scale.const_data_ptr());
  const bool minus_one = packing == "auto_round:auto_gptq";
  const auto code = [&](int64_t in, int64_t out) { return uint32_t{codes[out * w.in + in]}; };
  const auto zero = [&](int64_t group, int64_t out) {
    const float z = w.scheme.sym ? static_cast<float>(1 << (w.scheme.bits - 1))
                                 : w.zero_point.const_data_ptr<float>()[out * groups + group];
    return static_cast<uint32_t>(minus_one ? std::max(z - 1.0f, 0.0f) : z);
  };
  std::vector<uint16_t> scales;
  for (int64_t g = 0; g < groups; ++g)
    for (int64_t r = 0; r < w.out; ++r) scales.push_back(scale[r * groups + g]);
  if (packing == "auto_round:auto_awq")
    return {digest(pack_awq(w.in, w.out, code)), digest(pack_awq(groups, w.out, zero)), digest(scales)};
  // Zero points run along out: pack each group's row by itself.
  std::vector<uint32_t> zeros;
  for (int64_t g = 0; g < groups; ++g)
    for (uint32_t word : pack_stream(w.out, 1, w.scheme.bits, [&](int64_t r, int64_t) { return zero(g, r); }))
      zeros.push_back(word);
  return {digest(pack_stream(w.in, w.out, w.scheme.bits, code)), digest(zeros), digest(scales)};
}

Scheme scheme_of(const json::object& config, const std::string& layer) {
  Scheme scheme;
  const auto read = [&](const json::object& from) {
    if (from.contains("bits")) scheme.bits = from.at("bits").to_number<int>();
    if (from.contains("group_size")) scheme.group_size = from.at("group_size").to_number<int64_t>();
    if (from.contains("sym")) scheme.sym = from.at("sym").as_bool();
  };
  read(config);
  if (const auto* extra = config.if_contains("extra_config"))
    if (const auto* entry = extra->as_object().if_contains(layer)) read(entry->as_object());
  return scheme;
}

json::object expected() { return json::parse(ar::test::read_bytes(kFolder + "expected.json")).as_object(); }

/// Cases of the packed integer layouts; other tests take the rest.
std::vector<std::string> cases() {
  std::vector<std::string> names;
  for (const auto& [name, entry] : expected()) {
    const auto& tensors = entry.at("tensors").as_object();
    const bool packed = std::any_of(tensors.begin(), tensors.end(), [](const auto& tensor) {
      return std::string(tensor.key()).find(".qweight") != std::string::npos;
    });
    if (packed && entry.at("format").as_string().find("auto_round") == 0) names.emplace_back(name);
  }
  return names;
}

class Upstream : public ::testing::TestWithParam<std::string> {};

TEST_P(Upstream, RoundsToTheSameBytes) {
  const json::object config =
      json::parse(ar::test::read_bytes(kFolder + "cases/" + GetParam() + "/quantization_config.json")).as_object();
  const json::value entry = expected().at(GetParam());
  const auto& source = source_model(std::string(entry.at("model").as_string()));
  if (source.empty())
    GTEST_SKIP() << entry.at("model").as_string() << " is not in the tree; AR_SHARED names no golden data";
  int n_layers = 0;
  for (const auto& [key, digests] : entry.at("tensors").as_object()) {
    const std::string tensor(key), suffix = ".qweight";
    if (tensor.size() < suffix.size() || tensor.substr(tensor.size() - suffix.size()) != suffix) continue;
    const std::string layer = tensor.substr(0, tensor.size() - suffix.size());
    SCOPED_TRACE(layer);
    const auto sha = [&](const char* name) {
      return std::string(entry.at("tensors").at(layer + name).at(2).as_string());
    };
    const QuantizedWeight w = quantize(weight_of(source.at(layer + ".weight")), scheme_of(config, layer));
    const Packed ours = packed(w, std::string(config.at("packing_format").as_string()));
    EXPECT_EQ(ours.scales, sha(".scales"));
    EXPECT_EQ(ours.qweight, sha(".qweight"));
    EXPECT_EQ(ours.qzeros, sha(".qzeros"));
    ++n_layers;
  }
  EXPECT_GT(n_layers, 0);
}

/// What the `fake` format stores; expected.json holds digests with all zeros positive.
TEST(UpstreamFake, DequantizesToTheSameBytes) {
  const json::value entry = expected().at("fake-w4a16");
  const auto& source = source_model(std::string(entry.at("model").as_string()));
  int n_layers = 0;
  for (const auto& [key, value] : entry.at("tensors").as_object()) {
    const std::string tensor(key);
    if (tensor.find("_proj.weight") == std::string::npos) continue;
    const at::Tensor w = weight_of(source.at(tensor));
    const at::Tensor back = dequantize(quantize(w, Scheme{}), at::kBFloat16);
    const std::string digest = gguf::sha256_hex({static_cast<const char*>(back.const_data_ptr()), back.nbytes()});
    EXPECT_EQ(digest, std::string(value.at(2).as_string())) << tensor;
    ++n_layers;
  }
  EXPECT_GT(n_layers, 0);
}

INSTANTIATE_TEST_SUITE_P(Golden, Upstream, ::testing::ValuesIn(cases()), [](const auto& info) {
  std::string name = info.param;
  for (char& c : name)
    if (c == '-') c = '_';
  return name;
});

}  // namespace
}  // namespace ar::quant::test
