// Files that upstream wrote, written again: the blocks are read into planes, everything else (names, order, keys, types,
// vocabulary, layout) is the format's own doing, and the result is compared byte by byte.
#include <boost/json.hpp>

#include "ar/cpp/format_plugin.hpp"
#include "gguf/blocks.hpp"
#include "gguf/declaration.hpp"
#include "gguf/planned_types.hpp"
#include "tests/unit/formats/format_fixture.hpp"
#include "tests/unit/formats/gguf_fixture.hpp"

namespace ar::gguf {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using test::MemoryTarget;

struct Case {
  std::string name, model, format;
  json::object file;  // the manifest's entry of its one file
  std::string file_name;
  json::object layer_config;
};
void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

fs::path goldens() { return test::upstream_goldens(); }

std::vector<Case> cases() {
  std::vector<Case> all;
  if (goldens().empty()) return all;
  const json::value manifest = json::parse(test::read_bytes(goldens() / "manifest.json"));
  for (const auto& [name, value] : manifest.at("cases").as_object()) {
    if (name.find("gguf") == std::string_view::npos || value.at("status") != "ok") continue;
    const auto& files = value.at("files").as_object();
    Case c{std::string(name), std::string(value.at("model").as_string()), std::string(value.at("format").as_string()),
           files.begin()->value().as_object(), std::string(files.begin()->key()), {}};
    if (name == "gguf-q4_k_m-mixed") c.layer_config = {{"model.layers.0.self_attn.q_proj", 8}};
    all.push_back(std::move(c));
  }
  return all;
}

json::object declarations(const std::string& model) {
  const fs::path file = fs::path(AR_SOURCE_DIR) / "tests/golden/gguf" / (model + ".json");
  return {{"gguf", json::parse(test::read_bytes(file))}};
}

/// The plan before schemes are chosen: every matrix at W4A16 but what the user fixed.
json::object plan_of(const Case& c) {
  json::object plan{{"format", c.format},
                    {"scheme", {{"bits", 4}, {"group_size", 128}, {"sym", true}, {"data_type", "int"}, {"act_bits", 16}}},
                    {"config", json::object{}},
                    {"dtype", "bfloat16"},
                    {"model", c.model},
                    {"source_dir", (goldens() / "models" / c.model).string()},
                    {"options", json::object{}},
                    {"declarations", declarations(c.model)},
                    {"matrices", json::array{}}};
  for (const DeclaredTensor& t : read_declaration(plan).tensors) {
    if (t.shape.size() < 2) continue;
    const std::string name = t.source.substr(0, t.source.size() - 7);
    json::object matrix{{"name", name}, {"scheme", plan.at("scheme")}, {"quantized", true}, {"fixed_by_user", false}};
    if (const json::value* bits = c.layer_config.if_contains(name)) {
      matrix["fixed_by_user"] = true;
      matrix["scheme"].as_object()["bits"] = *bits;
    }
    plan["matrices"].as_array().push_back(matrix);
  }
  return plan;
}

/// Asks the format for its schemes and puts them into the plan, as the engine does.
void choose(json::object& plan) {
  std::string answer;
  const auto take = [](void* to, const char* text, size_t n) -> ar_status {
    static_cast<std::string*>(to)->assign(text, n);
    return AR_OK;
  };
  ar_error err{};
  const std::string text = json::serialize(plan);
  ASSERT_EQ(test::gguf_api().choose_schemes(plan.at("format").as_string().c_str(), text.c_str(), &answer, take, &err), AR_OK)
      << err.text;
  const json::value chosen = json::parse(answer);
  for (json::value& matrix : plan["matrices"].as_array()) {
    for (const json::value& c : chosen.at("matrices").as_array()) {
      if (c.at("name") == matrix.at("name")) matrix.as_object()["scheme"] = c.at("scheme");
    }
  }
}

class GgufGolden : public testing::TestWithParam<Case> {};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(GgufGolden);

TEST_P(GgufGolden, HasItsTypes) {
  json::object plan = plan_of(GetParam());
  choose(plan);
  const Declaration declaration = read_declaration(plan);
  const std::vector<Type> types = planned_types(plan, declaration);
  const auto& expected = GetParam().file.at("tensors").as_object();
  ASSERT_EQ(types.size(), expected.size());
  size_t i = 0;
  for (const auto& [name, tensor] : expected) {  // in file order
    EXPECT_EQ(declaration.tensors[i].name, name);
    EXPECT_EQ(info(types[i]).name, tensor.at("dtype").as_string()) << name;
    ++i;
  }
}

/// Hands every tensor of the golden to the writer, quantized ones as planes in the checkpoint's row order.
class Rewriter {
 public:
  Rewriter(test::Writer& writer, const json::object& plan, std::string file)
      : writer_(writer), plan_(plan), file_(std::move(file)), header_(parse_header(file_, file_.size(), "golden")) {}

  void run() {
    const Declaration declaration = read_declaration(plan_);
    const PlannedMatrices matrices = read_matrices(plan_);
    for (size_t i = 0; i < header_.tensors.size(); ++i) {
      const DeclaredTensor& t = declaration.tensors[i];
      if (info(header_.tensors[i].type).quantized()) {
        pack(t, header_.tensors[i]);
      } else {
        add(t, header_.tensors[i]);
      }
    }
    ar_error err{};
    ASSERT_EQ(test::gguf_api().finish(writer_.raw(), &err), AR_OK) << err.text;
  }

 private:
  void pack(const DeclaredTensor& declared, const TensorEntry& entry) {
    const TypeInfo& t = info(entry.type);
    ar_scheme scheme = test::int_scheme(t.bits, t.group_size, t.sym);
    scheme.data_type = t.data_type;
    scheme.super_bits = t.super_bits;
    scheme.super_group_size = t.super_group_size;
    const std::string name = declared.source.substr(0, declared.source.size() - 7);
    test::OwnedLayer layer(name, scheme, entry.rows(), entry.columns());
    const test::OwnedTensor blocks(entry.name, AR_DTYPE_U8, {entry.rows(), t.row_bytes(entry.columns())},
                                   file_.substr(header_.data_start + entry.offset, entry.n_bytes()));
    const ar_tensor raw = blocks.raw();
    MemoryTarget planes;
    MemoryTarget packed;
    ar_error err{};
    ASSERT_EQ(test::gguf_api().unpack(writer_.raw(), &layer.raw(), &raw, 1, planes.sink(), &err), AR_OK) << err.text;
    for (const auto& [plane, tensor] : planes.tensors()) layer.add(tensor);
    ASSERT_EQ(writer_.pack(layer.raw(), packed, &err), AR_OK) << err.text;
    for (const auto& [stored, tensor] : packed.tensors()) {
      const ar_tensor view = tensor.raw();
      ASSERT_EQ(test::gguf_api().store(writer_.raw(), &view, &err), AR_OK) << err.text;
    }
  }

  void add(const DeclaredTensor& declared, const TensorEntry& entry) {
    const auto stored = test::read_safetensors(goldens() / "models" / std::string(plan_.at("model").as_string()) / "model.safetensors");
    const auto& t = stored.at(declared.source);
    const test::OwnedTensor tensor(declared.source, test::dtype_of(t.dtype), t.shape, t.bytes);
    const ar_tensor raw = tensor.raw();
    ar_error err{};
    ASSERT_EQ(test::gguf_api().add(writer_.raw(), &raw, &err), AR_OK) << entry.name << ": " << err.text;
  }

  test::Writer& writer_;
  const json::object& plan_;
  std::string file_;
  Header header_;
};

TEST_P(GgufGolden, IsWrittenByteForByte) {
  const Case& c = GetParam();
  const fs::path path = goldens() / "cases" / c.name / c.file_name;
  if (!fs::exists(path)) GTEST_SKIP() << "only its hashes are kept";
  json::object plan = plan_of(c);
  choose(plan);
  test::Writer writer(test::gguf_api(), json::serialize(plan));
  Rewriter(writer, plan, test::read_bytes(path)).run();
  const auto& files = writer.target().files();
  ASSERT_EQ(files.size(), 1U);
  EXPECT_EQ(files.begin()->first, c.file_name);
  EXPECT_TRUE(files.begin()->second == test::read_bytes(path)) << "the bytes differ";
}

INSTANTIATE_TEST_SUITE_P(Upstream, GgufGolden, testing::ValuesIn(cases()), [](const auto& info) {
  std::string name = info.param.name;
  for (char& ch : name) ch = ch == '-' ? '_' : ch;
  return name;
});

}  // namespace
}  // namespace ar::gguf
