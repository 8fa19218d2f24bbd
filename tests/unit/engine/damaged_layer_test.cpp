// Layers of every packed layout (the fuzz seeds), damaged one tensor at a time: a damaged layer is an error that names
// it, or reads as before.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "core/base/error.hpp"
#include "core/engine/format_reader.hpp"
#include "core/model/safetensors_file.hpp"
#include "core/model/safetensors_writer.hpp"
#include "tests/unit/engine/models.hpp"
#include "tests/unit/temp_folder.hpp"

namespace fs = std::filesystem;

namespace ar::engine {
namespace {

constexpr int64_t kOut = 32;
constexpr int64_t kIn = 64;

struct Tensor {
  model::TensorEntry entry;
  std::string bytes;
};

struct Seed {
  std::string config;
  std::vector<Tensor> tensors;
};

std::vector<std::string> seed_files() {
  std::vector<std::string> files;
  for (const auto& item : fs::recursive_directory_iterator(fs::path(AR_SOURCE_DIR) / "tests/fuzz/seeds")) {
    const bool reader = item.path().parent_path().filename().string().find("_reader") != std::string::npos;
    if (reader && item.path().extension() == ".bin") files.push_back(item.path().string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

Seed read_seed(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  const std::string all{std::istreambuf_iterator<char>(stream), {}};
  const auto zero = all.find('\0');
  const std::string file = all.substr(zero + 1);
  const auto header = model::parse_safetensors_header(file, file.size(), path);
  Seed seed{all.substr(0, zero), {}};
  for (const model::TensorEntry& t : header.tensors) {
    seed.tensors.push_back({t, file.substr(header.data_start + t.begin, t.end - t.begin)});
  }
  return seed;
}

void write_checkpoint(const fs::path& folder, const std::vector<Tensor>& tensors) {
  std::vector<model::TensorEntry> entries;
  for (const Tensor& t : tensors) {
    entries.push_back(t.entry);
    entries.back().begin = 0;
    entries.back().end = t.bytes.size();
  }
  model::lay_out(entries);
  std::ofstream out(folder / "model.safetensors", std::ios::binary);
  out << model::serialize_header(entries, "pt");
  for (const model::TensorEntry& e : entries) {
    const auto it = std::find_if(tensors.begin(), tensors.end(), [&](const Tensor& t) { return t.entry.name == e.name; });
    out << it->bytes;
  }
}

uint64_t bytes_of(const model::TensorEntry& t) {
  auto bits = static_cast<uint64_t>(model::dtype_bits(t.dtype));
  for (const int64_t d : t.shape) bits *= static_cast<uint64_t>(d);
  return bits / 8;
}

/// Changes the shape; bytes are cut or filled up.
void reshape(Tensor& t, std::vector<int64_t> shape) {
  t.entry.shape = std::move(shape);
  t.bytes.resize(bytes_of(t.entry), '\1');
}

/// A type of the same width that no layout uses for this tensor.
const char* other_type(const std::string& dtype) {
  static const std::map<std::string, const char*> others = {{"I32", "F32"}, {"U32", "F32"},  {"I64", "F64"},
                                                            {"F16", "I16"}, {"BF16", "I16"}, {"F32", "I32"},
                                                            {"U8", "BOOL"}, {"I8", "BOOL"},  {"F8_E4M3", "BOOL"}};
  return others.at(dtype);
}

struct Damage {
  const char* name;
  std::function<void(std::vector<Tensor>&, std::size_t)> apply;
};

const std::vector<Damage>& damages() {
  static const std::vector<Damage> all = {
      {"missing", [](auto& tensors, std::size_t i) { tensors.erase(tensors.begin() + static_cast<std::ptrdiff_t>(i)); }},
      {"wrong type", [](auto& tensors, std::size_t i) { tensors[i].entry.dtype = other_type(tensors[i].entry.dtype); }},
      {"one row less", [](auto& tensors, std::size_t i) {
         auto shape = tensors[i].entry.shape;
         --shape.front();
         reshape(tensors[i], shape);
       }},
      {"twice as wide", [](auto& tensors, std::size_t i) {
         auto shape = tensors[i].entry.shape;
         shape.back() *= 2;
         reshape(tensors[i], shape);
       }},
      {"flat", [](auto& tensors, std::size_t i) {
         int64_t n = 1;
         for (const int64_t d : tensors[i].entry.shape) n *= d;
         reshape(tensors[i], {n, 1, 1});
       }},
      {"scalar", [](auto& tensors, std::size_t i) { reshape(tensors[i], {}); }},
      {"absurdly many empty rows", [](auto& tensors, std::size_t i) { reshape(tensors[i], {int64_t{1} << 40, 0}); }}};
  return all;
}

bool same(const at::Tensor& a, const at::Tensor& b) {
  return a.defined() == b.defined() && (!a.defined() || (a.sizes() == b.sizes() && a.view(at::kByte).equal(b.view(at::kByte))));
}

bool same(const quant::QuantizedWeight& a, const quant::QuantizedWeight& b) {
  return same(a.codes, b.codes) && same(a.scale, b.scale) && same(a.zero_point, b.zero_point) &&
         same(a.global_scale, b.global_scale);
}

class DamagedLayer : public testing::TestWithParam<std::string> {
 protected:
  StoredLayer read(const std::string& config, const std::vector<Tensor>& tensors) {
    const test::TempFolder folder;
    write_checkpoint(folder.path(), tensors);
    const model::Checkpoint checkpoint(folder.path());
    return FormatReader(test::registry(), config).read(checkpoint, "l.q", kOut, kIn);
  }
};

TEST_P(DamagedLayer, IsAnErrorOrReadsAsBefore) {
  const Seed seed = read_seed(GetParam());
  const StoredLayer whole = read(seed.config, seed.tensors);
  EXPECT_EQ(whole.planes.codes.numel(), kOut * kIn);
  for (const Damage& damage : damages()) {
    for (std::size_t i = 0; i < seed.tensors.size(); ++i) {
      SCOPED_TRACE(std::string(damage.name) + ": " + seed.tensors[i].entry.name);
      std::vector<Tensor> tensors = seed.tensors;
      damage.apply(tensors, i);
      try {
        const quant::QuantizedWeight planes = read(seed.config, tensors).planes;
        // MLX tells the width of codes by shapes: a matrix twice as wide holds codes of twice the bits.
        EXPECT_TRUE(same(planes, whole.planes) || planes.scheme.bits == 2 * whole.planes.scheme.bits);
      } catch (const base::Error& e) {
        EXPECT_NE(std::string(e.what()).find("l.q"), std::string::npos) << e.what();
      }
    }
  }
}

std::string case_name(const testing::TestParamInfo<std::string>& info) {
  const fs::path path = info.param;
  return path.parent_path().filename().string() + "_" + path.stem().string();
}

INSTANTIATE_TEST_SUITE_P(Seeds, DamagedLayer, testing::ValuesIn(seed_files()), case_name);

}  // namespace
}  // namespace ar::engine
