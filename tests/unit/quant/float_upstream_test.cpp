// Round to nearest in floating point schemes against what upstream wrote for the same weights: codes and scales, by the
// digest of their packed form (tests/golden/upstream).
#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <boost/json.hpp>

#include "core/quant/data_type.hpp"
#include "core/quant/nv_global_scale.hpp"
#include "plugins/formats/gguf/sha256.hpp"
#include "tests/unit/quant/source_model.hpp"

namespace ar::quant::test {
namespace {

namespace json = boost::json;

// What expected.json holds of a tensor.
constexpr size_t kDtype = 0, kDigest = 2;

const json::object& expected() {
  static const json::value all = json::parse(ar::test::read_bytes(golden_in_tree() + "expected.json"));
  return all.as_object();
}

/// Cases of floating point schemes, stored or as format `fake`.
std::vector<std::string> cases(bool fake) {
  std::vector<std::string> names;
  for (const auto& [name, entry] : expected()) {
    const auto is_case = [&](const auto& e) {
      const std::string scheme(e.at("scheme").as_string());
      return scheme.find("FP") != std::string::npos && (e.at("format") == "fake") == fake;
    };
    if (is_case(entry)) names.emplace_back(name);
  }
  return names;
}

std::string digest(const std::string& bytes) { return gguf::sha256_hex(bytes); }
std::string bytes_of(const at::Tensor& t) { return {static_cast<const char*>(t.const_data_ptr()), t.nbytes()}; }

/// Two codes a byte, the even column in the low half.
std::string pack_nibbles(const at::Tensor& codes) {
  const auto* from = codes.const_data_ptr<uint8_t>();
  std::string packed(static_cast<size_t>(codes.numel() / 2), '\0');
  for (size_t i = 0; i < packed.size(); ++i) packed[i] = static_cast<char>(from[2 * i] | from[2 * i + 1] << 4);
  return packed;
}

bool ends_with(const std::string& text, const std::string& suffix) {
  return text.size() >= suffix.size() && text.compare(text.size() - suffix.size(), suffix.size(), suffix) == 0;
}

/// The layers whose global scale a loader shares with this one's.
std::vector<std::string> fused_siblings(const std::string& layer) {
  const std::string parent = layer.substr(0, layer.rfind('.') + 1), own = layer.substr(parent.size());
  for (const std::vector<std::string>& group :
       {std::vector<std::string>{"q_proj", "k_proj", "v_proj"}, std::vector<std::string>{"gate_proj", "up_proj"}}) {
    if (std::find(group.begin(), group.end(), own) == group.end()) continue;
    std::vector<std::string> names;
    for (const std::string& name : group) names.push_back(parent + name);
    return names;
  }
  return {layer};
}

QuantizeOptions options_for(const std::map<std::string, StoredTensor>& source, const std::string& layer,
                            const Scheme& scheme) {
  QuantizeOptions options;
  if (scheme.data_type != "nv_fp") return options;
  float least = std::numeric_limits<float>::infinity();
  for (const std::string& name : fused_siblings(layer))
    least = std::min(least, nv_global_scale(weight_of(source.at(name + ".weight"))));
  options.global_scale = least;
  return options;
}

class FloatUpstream : public ::testing::TestWithParam<std::string> {};

TEST_P(FloatUpstream, RoundsToTheSameBytes) {
  const json::value& entry = expected().at(GetParam());
  const json::object& tensors = entry.at("tensors").as_object();
  const Scheme scheme = preset(std::string(entry.at("scheme").as_string()));
  const auto& source = source_model(std::string(entry.at("model").as_string()));
  if (source.empty())
    GTEST_SKIP() << entry.at("model").as_string() << " is not in the tree; AR_SHARED names no golden data";
  int n_layers = 0;
  for (const auto& [key, value] : tensors) {
    const std::string tensor(key);
    const size_t scale_name = tensor.rfind(".weight_scale");
    if (scale_name == std::string::npos) continue;
    const std::string layer = tensor.substr(0, scale_name), scale_suffix = tensor.substr(scale_name);
    SCOPED_TRACE(layer);
    const QuantizedWeight w =
        quantize(weight_of(source.at(layer + ".weight")), scheme, options_for(source, layer, scheme));
    const auto field = [&](const std::string& name, size_t index) {
      return std::string(tensors.at(layer + name).at(index).as_string());
    };
    const at::Tensor scale = field(scale_suffix, kDtype) == "BF16" ? w.scale.to(at::kBFloat16) : w.scale;
    EXPECT_EQ(digest(bytes_of(scale)), field(scale_suffix, kDigest));
    const bool packed = scheme.bits == 4;
    EXPECT_EQ(digest(packed ? pack_nibbles(w.codes) : bytes_of(w.codes)),
              field(packed ? ".weight_packed" : ".weight", kDigest));
    if (w.global_scale.defined()) {
      EXPECT_EQ(digest(bytes_of(w.global_scale)), field(".weight_global_scale", kDigest));
    }
    ++n_layers;
  }
  EXPECT_GE(n_layers, 14);
}

std::string test_name(const ::testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Golden, FloatUpstream, ::testing::ValuesIn(cases(false)), test_name);

/// Bits of a bfloat16 tensor with every zero positive: format `fake` does not promise the sign of a zero.
std::string without_signed_zeros(std::string bytes) {
  for (size_t i = 0; i + 1 < bytes.size(); i += 2)
    if (bytes[i] == '\0' && bytes[i + 1] == '\x80') bytes[i + 1] = '\0';
  return bytes;
}

class FloatUpstreamFake : public ::testing::TestWithParam<std::string> {};

TEST_P(FloatUpstreamFake, DequantizesToTheSameBytes) {
  const json::value& entry = expected().at(GetParam());
  const Scheme scheme = preset(std::string(entry.at("scheme").as_string()));
  const auto& source = source_model(std::string(entry.at("model").as_string()));
  if (source.empty())
    GTEST_SKIP() << entry.at("model").as_string() << " is not in the tree; AR_SHARED names no golden data";
  int n_layers = 0;
  for (const auto& [key, value] : entry.at("tensors").as_object()) {
    const std::string tensor(key);
    if (!ends_with(tensor, "_proj.weight")) continue;
    const std::string layer = tensor.substr(0, tensor.rfind('.'));
    const QuantizedWeight w = quantize(weight_of(source.at(tensor)), scheme, options_for(source, layer, scheme));
    EXPECT_EQ(digest(without_signed_zeros(bytes_of(dequantize(w, at::kBFloat16)))), value.at(kDigest).as_string())
        << tensor;
    ++n_layers;
  }
  EXPECT_EQ(n_layers, 14);
}

INSTANTIATE_TEST_SUITE_P(Golden, FloatUpstreamFake, ::testing::ValuesIn(cases(true)), test_name);

}  // namespace
}  // namespace ar::quant::test
