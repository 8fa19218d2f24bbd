#include "format_harness.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "core/plugin/sidecar.hpp"

namespace ar::conformance {
namespace {

bool accepts(const std::string& format, const SampleScheme& scheme) {
  const ar_scheme table = scheme.table();
  return api().check(format.c_str(), &table, nullptr) == AR_OK;
}

/// Scheme names the descriptor gives for one of its names (ar/plugin.h, capabilities).
std::vector<std::string> listed_schemes(const std::string& format) {
  std::vector<std::string> plain;
  for (const std::string& item : plugin::describe(*subject().desc).capabilities) {
    const std::size_t equals = item.find('=');
    if (equals == std::string::npos) {
      plain.push_back(item);
    } else if (item.substr(0, equals) == format) {
      std::vector<std::string> own;
      for (std::size_t begin = equals + 1; begin <= item.size();) {
        const std::size_t end = std::min(item.find(',', begin), item.size());
        own.push_back(item.substr(begin, end - begin));
        begin = end + 1;
      }
      return own;
    }
  }
  if (plain == std::vector<std::string>{"*"}) return {"W4A16", "W2A16", "W3A16", "W8A16", "MXFP4", "NVFP4", "FP8_STATIC", "BF16"};
  return plain;
}

bool is_preset(const std::string& name) {
  const auto& names = quant::preset_names();
  return std::find(names.begin(), names.end(), name) != names.end();
}

void add_variants(const Combination& c, std::vector<Combination>& all) {
  const quant::Scheme base = c.scheme.values();
  if (base.bits > 8 || base.group_size_rows > 0) return;
  for (const bool sym : {base.sym, !base.sym}) {
    for (const int64_t group : {base.group_size, int64_t{32}, int64_t{-1}}) {
      quant::Scheme s = base;
      s.sym = sym;
      s.group_size = group;
      if (s == base) continue;
      const SampleScheme scheme("", s);
      if (accepts(c.format, scheme)) all.push_back({c.format, scheme});
    }
  }
}

}  // namespace

const ar_format_api& api() { return subject().format->api; }

bool has_unpack() {
  const auto* table = static_cast<const ar_format_api*>(subject().desc->api);
  return table->struct_size >= offsetof(ar_format_api, unpack) + sizeof(void*) && table->unpack != nullptr;
}

bool lists_everything() { return plugin::describe(*subject().desc).capabilities == std::vector<std::string>{"*"}; }

std::vector<Combination> listed_combinations() {
  const auto d = plugin::describe(*subject().desc);
  std::vector<std::string> names{d.id};
  names.insert(names.end(), d.aliases.begin(), d.aliases.end());
  std::vector<Combination> all;
  for (const std::string& name : names) {
    for (const std::string& scheme : listed_schemes(name)) {
      if (is_preset(scheme)) all.push_back({name, SampleScheme(scheme, quant::preset(scheme))});
    }
  }
  return all;
}

std::vector<Combination> combinations() {
  std::vector<Combination> all;
  for (const Combination& c : listed_combinations()) {
    if (!accepts(c.format, c.scheme)) continue;
    all.push_back(c);
    add_variants(c, all);
  }
  return all;
}

std::vector<Combination> quantized_combinations() {
  auto all = combinations();
  all.erase(std::remove_if(all.begin(), all.end(), [](const Combination& c) { return c.scheme.values().bits > 8; }),
            all.end());
  return all;
}

SampleLayer sample(const Combination& c) {
  const Quirks& q = subject().quirks;
  return {kLayerName, c.scheme, q.out_features, q.in_features, true};
}

std::string resolved(const Combination& c) {
  const std::string plan = plan_json(c.format, c.scheme, kLayerName, subject().quirks.in_features);
  char name[256] = "";
  ar_error err{};
  EXPECT_EQ(api().resolve(c.format.c_str(), plan.c_str(), name, sizeof(name), &err), AR_OK)
      << c.text() << ": " << err.text;
  return name;
}

Output::Output(const Combination& c, int n_threads) : host(n_threads) {
  const std::string plan = plan_json(resolved(c), c.scheme, kLayerName, subject().quirks.in_features);
  if (api().open(host.table(), plan.c_str(), target.table(), &writer, &err) == AR_OK) return;
  api().close(std::exchange(writer, nullptr));
  throw std::runtime_error("open with " + c.text() + ": " + err.text);
}

Output::~Output() { api().close(writer); }

ar_status Output::pack(const SampleLayer& layer, RecordingSink& sink) {
  const ar_status status = api().pack(writer, layer.table(), sink.table(), &err);
  EXPECT_EQ(sink.misuse(), "");
  return status;
}

StoredTensors Output::unpack(const SampleLayer& layer) {
  const StoredTensors& stored = target.sink().tensors();
  std::vector<std::vector<int64_t>> strides(stored.size());
  std::vector<ar_tensor> views;
  for (const auto& [name, tensor] : stored) views.push_back(view_of(name, tensor, strides[views.size()]));
  ar_layer shape = *layer.table();  // its planes are what is asked for
  shape.planes = nullptr;
  shape.n_planes = 0;
  shape.bias = nullptr;
  RecordingSink sink;
  EXPECT_EQ(api().unpack(writer, &shape, views.data(), views.size(), sink.table(), &err), AR_OK) << err.text;
  return sink.tensors();
}

ar_status Output::store() {
  ar_status status = AR_OK;
  for (const auto& [name, tensor] : target.sink().tensors()) {
    std::vector<int64_t> strides;
    const ar_tensor view = view_of(name, tensor, strides);
    if (api().store != nullptr && status == AR_OK) status = api().store(writer, &view, &err);
  }
  return status;
}

ar_status Output::add(const std::string& name, const StoredTensor& tensor) {
  std::vector<int64_t> strides;
  const ar_tensor view = view_of(name, tensor, strides);
  return api().add(writer, &view, &err);
}

ar_status Output::finish() { return api().finish(writer, &err); }

StoredTensors packed(const Combination& c, int n_threads) {
  Output output(c, n_threads);
  const SampleLayer layer = sample(c);
  EXPECT_EQ(output.pack(layer), AR_OK) << c.text() << ": " << output.err.text;
  return output.target.sink().tensors();
}

std::string digest(const StoredTensors& tensors) {
  uint64_t hash = 0xCBF29CE484222325U;
  const auto mix = [&](const void* bytes, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) hash = (hash ^ static_cast<const unsigned char*>(bytes)[i]) * 0x100000001B3U;
  };
  for (const auto& [name, tensor] : tensors) {
    mix(name.c_str(), name.size() + 1);
    mix(&tensor.dtype, sizeof(tensor.dtype));
    mix(tensor.shape.data(), tensor.shape.size() * sizeof(int64_t));
    mix(tensor.bytes.data(), tensor.bytes.size());
  }
  return fmt::format("{:016x}", hash);
}

StoredTensors pack_concurrently(Output& output, const Combination& c) {
  constexpr int kThreads = 4;
  const SampleLayer layer = sample(c);
  std::vector<RecordingSink> sinks(kThreads);
  std::vector<std::thread> threads;
  for (RecordingSink& sink : sinks) {
    threads.emplace_back([&] { EXPECT_EQ(api().pack(output.writer, layer.table(), sink.table(), nullptr), AR_OK); });
  }
  for (auto& thread : threads) thread.join();
  for (const RecordingSink& sink : sinks) EXPECT_TRUE(sink.tensors() == sinks.front().tensors());
  return sinks.front().tensors();
}

}  // namespace ar::conformance
