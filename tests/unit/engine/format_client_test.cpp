#include "core/engine/format_client.hpp"

#include <ATen/ops/full.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include "ar/cpp/format_plugin.hpp"
#include "core/base/error.hpp"
#include "core/engine/staging_sink.hpp"

namespace ar::engine {
namespace {

/// Stores codes and scale as they come.
struct ToyFormat {
  static void check(const std::string&, const ar_scheme& s) {
    if (s.bits == 3) throw Error(AR_UNSUPPORTED, "bits 3: toy stores 4");
  }
  static std::string resolve(const std::string& format, const std::string&) { return format + ":plain"; }
  ToyFormat(const ar_host& host, const std::string& plan, const ar_target& target) : host_(host), target_(target) {
    if (plan == "broken") throw Error(AR_INVALID_ARGUMENT, "the plan is broken");
    if (plan == "unlucky") throw Error(AR_IO, "the disk is full");
  }
  void pack(const LayerView& layer, const ar_sink& sink) const {
    std::vector<uint8_t> copy(layer.plane("codes").numel());
    const auto codes = layer.plane("codes").elements<uint8_t>(AR_DTYPE_U8);
    parallel_for(host_, static_cast<int64_t>(copy.size()), 3, [&](int64_t begin, int64_t end) {
      std::copy(codes.begin() + begin, codes.begin() + end, copy.begin() + begin);
    });
    write_tensor(sink, layer.name() + ".codes", AR_DTYPE_U8, layer.plane("codes").shape(), copy);
    const auto scale = layer.plane("scale");
    write_tensor(sink, layer.name() + ".scale", scale.dtype(), scale.shape(), scale.bytes(), scale.n_bytes());
    if (layer.has("weight"))
      write_tensor(sink, layer.name() + ".weight_seen", AR_DTYPE_U8, {0}, std::vector<uint8_t>());
    if (layer.has_bias()) write_tensor(sink, layer.name() + ".bias_seen", AR_DTYPE_U8, {0}, std::vector<uint8_t>());
  }
  void add(const TensorView& t) { write_tensor(*target_.sink, t.name(), t.dtype(), t.shape(), t.bytes(), t.n_bytes()); }
  void finish() { throw Error(AR_IO, ""); }
  const ar_host& host_;
  const ar_target& target_;
};

const ar_plugin_desc* toy_entry() {
  static constexpr ar_plugin_desc kDesc = {sizeof(ar_plugin_desc),
                                           AR_SDK_MAJOR,
                                           AR_SDK_MINOR,
                                           AR_KIND_FORMAT,
                                           0,
                                           "toy",
                                           nullptr,
                                           "toy",
                                           "1",
                                           "",
                                           nullptr,
                                           &FormatPlugin<ToyFormat>::kApi};
  return &kDesc;
}

plugin::Registry& registry() {
  static plugin::Registry& r = [&]() -> plugin::Registry& {
    plugin::SearchOptions options;
    options.builtins = {{AR_KIND_FORMAT, "toy", toy_entry, nullptr}};
    return plugin::Registry::make(options);
  }();
  return r;
}

template <typename Body>
base::Error error_of(Body&& body) {
  try {
    body();
  } catch (const base::Error& e) {
    return e;
  }
  return base::Error(base::Exit::kDone, "no error");
}

FormatLayer toy_layer() {
  FormatLayer layer;
  layer.name = "a.b";
  layer.planes.out = 2;
  layer.planes.in = 4;
  layer.planes.codes = at::full({2, 4}, 7, at::kByte);
  layer.planes.scale = at::full({2, 1}, 0.5, at::kHalf);
  return layer;
}

TEST(FormatClient, RefusalsCarryThePluginsSentenceAndExit2) {
  quant::Scheme scheme;
  scheme.bits = 3;
  const auto e = error_of([&] { check_format(registry().format("toy"), "toy", scheme, "--format toy"); });
  EXPECT_STREQ(e.what(), "--format toy: bits 3: toy stores 4");
  EXPECT_EQ(e.exit(), base::Exit::kUsage);
  scheme.bits = 4;
  EXPECT_NO_THROW(check_format(registry().format("toy"), "toy", scheme, "--format toy"));
}

TEST(FormatClient, ResolvesTheNameOfWhatIsWritten) {
  EXPECT_EQ(resolve_format(registry().format("toy"), "toy", "{}"), "toy:plain");
}

TEST(FormatClient, PacksPlanesAndAddsTensors) {
  StagingSink packed;
  StagingSink added;
  ar_target target{sizeof(ar_target), nullptr, added.sink(), nullptr, nullptr, nullptr, nullptr, nullptr};
  FormatWriter writer(registry().format("toy"), "{}", &target);
  writer.pack(toy_layer(), packed.sink());
  ASSERT_EQ(packed.tensors().size(), 2U);
  EXPECT_EQ(packed.tensors()[0].name, "a.b.codes");
  EXPECT_EQ(packed.tensors()[0].bytes, std::vector<std::byte>(8, std::byte{7}));
  EXPECT_EQ(packed.tensors()[1].dtype, AR_DTYPE_F16);

  writer.add("norm", at::full({3}, 1, at::kBFloat16));
  ASSERT_EQ(added.tensors().size(), 1U);
  EXPECT_EQ(added.tensors()[0].dtype, AR_DTYPE_BF16);
  EXPECT_EQ(added.tensors()[0].bytes.size(), 6U);
}

TEST(FormatClient, HandsOverWeightAndBiasWhereTheyAre) {
  StagingSink packed;
  const ar_target target{sizeof(ar_target), nullptr, packed.sink(), nullptr, nullptr, nullptr, nullptr, nullptr};
  const FormatWriter writer(registry().format("toy"), "{}", &target);
  FormatLayer layer = toy_layer();
  layer.weight = at::full({2, 4}, 1, at::kBFloat16);
  layer.bias = at::full({2}, 1, at::kBFloat16);
  writer.pack(layer, packed.sink());
  ASSERT_EQ(packed.tensors().size(), 4U);
  EXPECT_EQ(packed.tensors()[2].name, "a.b.weight_seen");
  EXPECT_EQ(packed.tensors()[3].name, "a.b.bias_seen");
}

/// A plan that a format does not take is the user's to change: it says nothing but what the options say.
TEST(FormatClient, ReportsAFailedOpen) {
  const ar_target target{};
  const auto refused = error_of([&] { FormatWriter writer(registry().format("toy"), "broken", &target); });
  EXPECT_STREQ(refused.what(), "format toy: the plan is broken");
  EXPECT_EQ(refused.exit(), base::Exit::kUsage);
  const auto failed = error_of([&] { FormatWriter writer(registry().format("toy"), "unlucky", &target); });
  EXPECT_STREQ(failed.what(), "format toy: the disk is full");
  EXPECT_EQ(failed.exit(), base::Exit::kFailed);
}

TEST(FormatClient, CallsAFailureWithoutTextABugInThePlugin) {
  const ar_target target{};
  FormatWriter writer(registry().format("toy"), "{}", &target);
  const auto e = error_of([&] { writer.finish(); });
  EXPECT_STREQ(e.what(),
               "format toy: plugin 'toy' (built in) failed with status 4 and said nothing: a bug in that plugin");
}

}  // namespace
}  // namespace ar::engine
