// What holds for export formats. Every rule runs over all schemes the plugin takes.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "format_harness.hpp"

namespace ar::conformance {
namespace {

TEST(FormatRules, AcceptsEverySchemeItLists) {
  for (const Combination& c : listed_combinations()) {
    ar_error err{};
    const ar_scheme scheme = c.scheme.table();
    EXPECT_EQ(api().check(c.format.c_str(), &scheme, &err), AR_OK) << c.text() << ": " << err.text;
  }
}

TEST(FormatRules, RefusesWhatItDoesNotListWithAReason) {
  if (lists_everything()) GTEST_SKIP() << "it lists every scheme";
  SampleScheme odd("", {});
  quant::Scheme values = odd.values();
  values.data_type = "no_such_type";
  odd = SampleScheme("", values);
  const ar_scheme scheme = odd.table();
  ar_error err{};
  EXPECT_NE(api().check(subject().id.c_str(), &scheme, &err), AR_OK) << "data_type no_such_type was accepted";
  EXPECT_STRNE(err.text, "") << "the refusal has no text";
}

TEST(FormatRules, RefusesASubNameItDoesNotKnow) {
  const SampleScheme w4("W4A16", {});
  const ar_scheme scheme = w4.table();
  ar_error err{};
  const std::string name = subject().id + ":no_such_name";
  EXPECT_NE(api().check(name.c_str(), &scheme, &err), AR_OK) << name << " was accepted";
  EXPECT_STRNE(err.text, "") << "the refusal has no text";
}

TEST(FormatRules, TakesANullErrorEverywhere) {
  const SampleScheme w4("W4A16", {});
  const ar_scheme scheme = w4.table();
  EXPECT_NE(api().check((subject().id + ":no_such_name").c_str(), &scheme, nullptr), AR_OK);
  Output output;
  const std::string plan = plan_json(subject().id, w4, "l", 32, R"({"no_such_option":1})");
  ar_writer* writer = nullptr;
  EXPECT_NE(api().open(output.host.table(), plan.c_str(), output.target.table(), &writer, nullptr), AR_OK);
  api().close(writer);
}

TEST(FormatRules, RefusesAnUnknownOptionByName) {
  const auto all = combinations();
  ASSERT_FALSE(all.empty()) << "no scheme to try";
  Output output;
  const std::string plan = plan_json(all.front().format, all.front().scheme, "l", 32, R"({"no_such_option":1})");
  ar_writer* writer = nullptr;
  ar_error err{};
  EXPECT_NE(api().open(output.host.table(), plan.c_str(), output.target.table(), &writer, &err), AR_OK);
  EXPECT_NE(std::string(err.text).find("no_such_option"), std::string::npos) << "the text is '" << err.text << "'";
  api().close(writer);
}

TEST(FormatRules, RefusesATornPlan) {
  for (const char* plan : {"", "{", "[]", "null"}) {
    Output output;
    ar_writer* writer = nullptr;
    ar_error err{};
    EXPECT_NE(api().open(output.host.table(), plan, output.target.table(), &writer, &err), AR_OK)
        << "the plan '" << plan << "' was accepted";
    api().close(writer);
  }
}

TEST(FormatRules, CloseAcceptsNull) { api().close(nullptr); }

TEST(FormatRules, OpensFilesWithAllFunctionsOrNone) {
  const bool opens = api().open_source != nullptr;
  EXPECT_EQ(api().read_source != nullptr, opens) << "open_source and read_source go together";
  EXPECT_EQ(api().close_source != nullptr, opens) << "open_source and close_source go together";
  EXPECT_TRUE(opens || api().source_tokenizer == nullptr) << "source_tokenizer needs open_source";
}

TEST(FormatRules, RefusesAFileThatIsNoModel) {
  if (api().open_source == nullptr) GTEST_SKIP() << "it opens no files";
  const auto ignore = [](void*, const char*, size_t) -> ar_status { return AR_OK; };
  ar_source* source = nullptr;
  ar_error err{};
  EXPECT_NE(api().open_source("/no/such/file", &source, nullptr, ignore, &err), AR_OK);
  EXPECT_STRNE(err.text, "") << "the refusal has no text";
  api().close_source(source);
}

TEST(FormatRules, ResolvesToANameItAccepts) {
  for (const Combination& c : combinations()) {
    const std::string name = resolved(c);
    const ar_scheme scheme = c.scheme.table();
    ar_error err{};
    EXPECT_EQ(api().check(name.c_str(), &scheme, &err), AR_OK) << c.text() << " becomes " << name << ": " << err.text;
    char small[2];
    const std::string plan = plan_json(c.format, c.scheme, "l", subject().quirks.in_features);
    EXPECT_NE(api().resolve(c.format.c_str(), plan.c_str(), small, 1, nullptr), AR_OK) << "a name fits into one byte";
  }
}

TEST(FormatRules, UnpacksWhatItPacked) {
  if (!has_unpack()) GTEST_SKIP() << "it has no unpack";
  if (subject().quirks.lossy) GTEST_SKIP() << "quirk lossy";
  for (const Combination& c : quantized_combinations()) {
    const SampleLayer layer = sample(c);
    Output output(c);
    ASSERT_EQ(output.pack(layer), AR_OK) << c.text() << ": " << output.err.text;
    const StoredTensors planes = output.unpack(layer);
    for (const auto& [name, plane] : layer.planes()) {
      if (name == "weight") continue;
      const auto it = planes.find(name);
      ASSERT_NE(it, planes.end()) << c.text() << ": the plane '" << name << "' is not there; " << output.err.text;
      EXPECT_TRUE(it->second == plane) << c.text() << ": the plane '" << name << "' differs";
    }
  }
}

TEST(FormatRules, PacksTheSameBytesTwice) {
  for (const Combination& c : quantized_combinations()) {
    EXPECT_TRUE(packed(c, 1) == packed(c, 1)) << c.text();
  }
}

TEST(FormatRules, PacksTheSameBytesOnManyThreads) {
  for (const Combination& c : quantized_combinations()) {
    EXPECT_TRUE(packed(c, 1) == packed(c, 5)) << c.text();
  }
}

TEST(FormatRules, PacksLayersAtTheSameTime) {
  const auto all = quantized_combinations();
  if (all.empty()) GTEST_SKIP() << "it packs nothing";
  const StoredTensors alone = packed(all.front(), 1);
  Output output(all.front());
  EXPECT_TRUE(pack_concurrently(output, all.front()) == alone);
}

TEST(FormatRules, StoresTheGoldenBytes) {
  if (subject().golden.empty()) GTEST_SKIP() << "no --golden FILE";
  std::string now;
  for (const Combination& c : quantized_combinations()) now += digest(packed(c, 1)) + " " + c.text() + "\n";
  if (subject().write_golden) {
    std::ofstream(subject().golden) << now;
    return;
  }
  std::ostringstream before;
  before << std::ifstream(subject().golden).rdbuf();
  EXPECT_EQ(before.str(), now) << subject().golden << ": other bytes than when it was written";
}

TEST(FormatRules, NamesTensorsAfterTheLayer) {
  if (subject().quirks.renames_tensors) GTEST_SKIP() << "quirk renames_tensors";
  for (const Combination& c : quantized_combinations()) {
    for (const auto& [name, tensor] : packed(c, 1)) {
      EXPECT_EQ(name.rfind(kLayerName, 0), 0U) << c.text() << ": '" << name << "' belongs to no layer";
    }
  }
}

TEST(FormatRules, PassesOnAFailingSink) {
  for (const Combination& c : quantized_combinations()) {
    const SampleLayer layer = sample(c);
    Output counting(c);
    RecordingSink all;
    ASSERT_EQ(counting.pack(layer, all), AR_OK) << c.text() << ": " << counting.err.text;
    for (int64_t call = 0; call < all.calls(); ++call) {
      Output output(c);
      RecordingSink sink(call);
      EXPECT_EQ(output.pack(layer, sink), AR_IO) << c.text() << ": call " << call << " to the sink failed unseen";
      EXPECT_STRNE(output.err.text, "") << c.text() << ": the failure has no text";
      EXPECT_EQ(sink.open_handles(), 0) << c.text() << ": a tensor was begun and never ended";
    }
  }
}

TEST(FormatRules, StoresUnquantizedTensorsAsTheyAre) {
  if (subject().quirks.renames_tensors) GTEST_SKIP() << "quirk renames_tensors";
  for (const Combination& c : combinations()) {
    Output output(c);
    const StoredTensor norm{AR_DTYPE_BF16, {8}, std::string(16, '\x3f')};
    ASSERT_EQ(output.add("model.norm.weight", norm), AR_OK) << c.text() << ": " << output.err.text;
    const auto& stored = output.target.sink().tensors();
    ASSERT_EQ(stored.count("model.norm.weight"), 1U) << c.text();
    EXPECT_TRUE(stored.at("model.norm.weight") == norm) << c.text();
  }
}

TEST(FormatRules, FinishCompletesTheFolder) {
  for (const Combination& c : combinations()) {
    Output output(c);
    if (c.scheme.values().bits <= 8) {
      const SampleLayer layer = sample(c);
      ASSERT_EQ(output.pack(layer), AR_OK) << c.text() << ": " << output.err.text;
      ASSERT_EQ(output.store(), AR_OK) << c.text() << ": " << output.err.text;
    }
    ASSERT_EQ(output.finish(), AR_OK) << c.text() << ": " << output.err.text;
    EXPECT_FALSE(output.target.files().empty()) << c.text() << ": finish wrote no file";
    EXPECT_EQ(output.target.sink().misuse(), "") << c.text();
  }
}

TEST(FormatRules, NamesThePlaneThatIsMissing) {
  if (subject().quirks.stores_no_layers) GTEST_SKIP() << "quirk stores_no_layers";
  const auto all = quantized_combinations();
  if (all.empty()) GTEST_SKIP() << "it packs nothing";
  const SampleLayer layer = sample(all.front());
  ar_layer bare = *layer.table();
  bare.n_planes = 0;
  Output output(all.front());
  RecordingSink sink;
  ar_error err{};
  EXPECT_NE(api().pack(output.writer, &bare, sink.table(), &err), AR_OK) << "a layer without planes was packed";
  EXPECT_NE(std::string(err.text).find(kLayerName), std::string::npos)
      << "the text '" << err.text << "' does not name the layer";
}

}  // namespace
}  // namespace ar::conformance
