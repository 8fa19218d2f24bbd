#include "core/engine/format_reader.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <map>
#include <string>

#include <ATen/ops/full.h>
#include <boost/json/parse.hpp>

#include "ar/cpp/format_plugin.hpp"
#include "core/base/error.hpp"
#include "core/engine/stored_scheme.hpp"
#include "core/model/checkpoint_tensor.hpp"
#include "tests/unit/temp_folder.hpp"

namespace ar::engine {
namespace {

/// Every stored tensor is a plane of its last name; the config's "toy" member is the scheme of every layer.
struct RawPlanes {
  static void check(const std::string&, const ar_scheme&) {}
  static std::string resolve(const std::string& format, const std::string&) { return format; }
  RawPlanes(const ar_host&, const std::string&, const ar_target&) {}
  void pack(const LayerView&, const ar_sink&) const {}
  void add(const TensorView&) {}
  void finish() {}
  static bool owns(const std::string& config) { return boost::json::parse(config).as_object().contains("toy"); }
  static void read_layer(const std::string& config, const LayerView& layer, const TensorList& stored,
                         const ar_sink& sink) {
    ++n_reads;
    const std::string scheme = boost::json::parse(config).at("toy").as_string().c_str();
    if (scheme == "three numbers") {
      write_tensor(sink, "scheme", AR_DTYPE_I64, {3}, std::vector<int64_t>{4, 32, 1});
    } else if (!scheme.empty()) {
      write_tensor(sink, "scheme_json", AR_DTYPE_U8, {static_cast<int64_t>(scheme.size())}, scheme.data(),
                   scheme.size());
    }
    if (stored.size() == 0) throw Error(AR_NOT_FOUND, "there is no tensor of " + layer.name());
    for (std::size_t i = 0; i < stored.size(); ++i) {
      const auto t = stored[i];
      const std::string name = t.name();
      write_tensor(sink, name.substr(layer.name().size() + 1), t.dtype(), t.shape(), t.bytes(), t.n_bytes());
      ++n_planes;
    }
  }
  static inline int n_reads = 0;
  static inline int n_planes = 0;
};

const ar_plugin_desc* toy_entry() {
  static constexpr ar_plugin_desc kDesc = {
      sizeof(ar_plugin_desc), AR_SDK_MAJOR, AR_SDK_MINOR, AR_KIND_FORMAT, 0, "toy", nullptr, "toy", "1", "", nullptr,
      &FormatPlugin<RawPlanes>::kApi};
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

constexpr const char* kInt4 = R"({\"bits\":4,\"group_size\":2,\"sym\":false,\"data_type\":\"int\"})";
constexpr const char* kTwoLevel =
    R"({\"bits\":4,\"group_size\":2,\"sym\":false,\"data_type\":\"int_asym_dq\",\"super_bits\":6,\"super_group_size\":2})";

/// A layer "a.b" of 2 x 4 with groups of 2, whose planes a test may change before it is read.
class FormatReaderTest : public testing::Test {
 protected:
  FormatReaderTest() {
    planes_["codes"] = at::full({2, 4}, 7, at::kByte);
    planes_["scale"] = at::full({2, 2}, 0.5, at::kHalf);
    planes_["zero_point"] = at::full({2, 2}, 8, at::kFloat);
  }

  StoredLayer read(const std::string& scheme, int64_t in = 4) {
    std::vector<std::pair<std::string, at::Tensor>> stored;
    for (const auto& [name, plane] : planes_) stored.emplace_back("a.b." + name, plane);
    stored.emplace_back("a.b.inner.codes", planes_["codes"]);
    stored.emplace_back("a.bc.codes", planes_["codes"]);
    model::write_safetensors(folder_ / "model.safetensors", stored);
    checkpoint_.emplace(folder_.path());
    reader_.emplace(registry(), R"({"toy":")" + scheme + R"("})");
    return reader_->read(*checkpoint_, "a.b", 2, in);
  }

  std::string failure(const std::string& scheme, int64_t in = 4) {
    try {
      read(scheme, in);
    } catch (const base::Error& e) {
      return e.what();
    }
    return "";
  }

  test::TempFolder folder_;
  std::map<std::string, at::Tensor> planes_;
  std::optional<model::Checkpoint> checkpoint_;
  std::optional<FormatReader> reader_;
};

TEST_F(FormatReaderTest, ReadsPlanesAndSchemeOfOneLayer) {
  const StoredLayer layer = read(kInt4);
  EXPECT_TRUE(layer.planes.codes.equal(planes_["codes"]));
  EXPECT_TRUE(layer.planes.scale.equal(planes_["scale"]));
  EXPECT_TRUE(layer.planes.zero_point.equal(planes_["zero_point"]));
  EXPECT_FALSE(layer.planes.scheme.sym);
  EXPECT_EQ(layer.planes.scheme.group_size, 2);
  EXPECT_EQ(layer.planes.scheme.act_bits, 16);
}

TEST_F(FormatReaderTest, TakesTheThreeNumbersOfPlainIntegers) {
  planes_["scale"] = at::full({2, 1}, 0.5, at::kHalf);
  planes_.erase("zero_point");
  const StoredLayer layer = read("three numbers");
  EXPECT_EQ(layer.planes.scheme.bits, 4);
  EXPECT_EQ(layer.planes.scheme.group_size, 32);
  EXPECT_TRUE(layer.planes.scheme.sym);
}

TEST_F(FormatReaderTest, StopsThePluginOnceTheSchemeIsKnown) {
  read(kInt4);
  const int before = RawPlanes::n_planes;
  EXPECT_EQ(reader_->scheme(*checkpoint_, "a.b").bits, 4);
  EXPECT_EQ(RawPlanes::n_planes, before);
}

TEST_F(FormatReaderTest, ReadsTwoLevelPlanes) {
  planes_.erase("scale");
  planes_.erase("zero_point");
  planes_["super_scale"] = at::full({2, 1}, 0.5, at::kFloat);
  planes_["super_min"] = at::full({2, 1}, 0.25, at::kFloat);
  planes_["scale_codes"] = at::full({2, 2}, 3, at::kByte);
  EXPECT_EQ(failure(kTwoLevel), "layer 'a.b': its min_codes was not read");
  planes_["min_codes"] = at::full({2, 2}, 3, at::kByte);
  EXPECT_EQ(*read(kTwoLevel).planes.scheme.super_group_size, 2);
  planes_["super_scale"] = at::full({2, 2}, 0.5, at::kFloat);
  EXPECT_EQ(failure(kTwoLevel), "layer 'a.b': its super_scale is [2, 2]; the model and the stored scheme need [2, 1]");
}

TEST_F(FormatReaderTest, RefusesPlanesThatDoNotFit) {
  EXPECT_EQ(failure(kInt4, 8), "layer 'a.b' is stored as 2 x 4; the model has 2 x 8");
  planes_["scale"] = at::full({2, 1}, 0.5, at::kHalf);
  EXPECT_EQ(failure(kInt4), "layer 'a.b': its scale is [2, 1]; the model and the stored scheme need [2, 2]");
  planes_["scale"] = at::full({2, 2}, std::numeric_limits<float>::infinity(), at::kHalf);
  EXPECT_EQ(failure(kInt4), "layer 'a.b': its scale holds NaN or infinity");
  planes_["scale"] = at::full({2, 2}, 0.5, at::kHalf);
  planes_["codes"] = at::full({2, 4}, 16, at::kByte);
  EXPECT_EQ(failure(kInt4), "layer 'a.b': code 16 does not fit 4 bits");
  planes_["codes"] = at::full({8}, 1, at::kByte);
  EXPECT_EQ(failure(kInt4), "layer 'a.b': its codes are no matrix");
}

TEST_F(FormatReaderTest, RefusesMissingPlanesAndBadGlobalScales) {
  planes_["act_global_scale"] = at::full({1}, 0.0, at::kFloat);
  EXPECT_EQ(failure(kInt4), "layer 'a.b': its act_global_scale is 0; must be positive");
  planes_.erase("act_global_scale");
  planes_.erase("zero_point");
  EXPECT_EQ(failure(kInt4), "layer 'a.b': its zero_point was not read");
  planes_.erase("scale");
  EXPECT_EQ(failure(kInt4), "layer 'a.b': its scale was not read");
}

TEST_F(FormatReaderTest, RefusesSchemesThatMakeNoSense) {
  EXPECT_EQ(failure(""), "layer 'a.b': its format did not say how it is stored");
  EXPECT_NE(failure("{").find("stored scheme of layer 'a.b'"), std::string::npos);
  EXPECT_EQ(failure(R"({\"bits\":9,\"group_size\":2,\"data_type\":\"int\"})"),
            "layer 'a.b': stored with 9 bits; read are 1 to 8");
  EXPECT_EQ(failure(R"({\"bits\":99,\"group_size\":2,\"data_type\":\"int\"})"),
            "stored scheme of layer 'a.b' has bits 99; expected 0 to 64");
  EXPECT_EQ(failure(R"({\"bits\":4,\"group_size\":-7,\"data_type\":\"int\"})"),
            "layer 'a.b': stored with group_size 0 x -7");
  EXPECT_EQ(failure(R"({\"bits\":4,\"group_size\":[1,2,3],\"data_type\":\"int\"})"),
            "stored scheme of layer 'a.b': group_size must be a number or two, rows and columns");
}

TEST_F(FormatReaderTest, PassesThePluginsSentenceOn) {
  read(kInt4);
  try {
    reader_->read(*checkpoint_, "x", 2, 4);
    FAIL() << "was accepted";
  } catch (const base::Error& e) {
    EXPECT_EQ(e.what(), folder_.path().string() + ": layer 'x': there is no tensor of x");
  }
}

TEST_F(FormatReaderTest, NamesAConfigThatNoFormatReads) {
  try {
    const FormatReader reader(registry(), R"({"quant_method":"hqq"})");
    FAIL() << "was accepted";
  } catch (const base::Error& e) {
    EXPECT_STREQ(e.what(), "no format plugin reads a checkpoint with quant_method 'hqq' and packing_format ''");
  }
}

}  // namespace
}  // namespace ar::engine
