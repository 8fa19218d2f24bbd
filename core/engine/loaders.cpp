#include "core/engine/loaders.hpp"

#include <algorithm>

namespace ar::engine {
namespace {

constexpr const char* kTransformers = "Transformers";
constexpr const char* kVllm = "vLLM";
constexpr const char* kSglang = "SGLang";

bool has(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

template <typename Test>
bool all(const std::vector<quant::Scheme>& schemes, Test&& test) {
  return std::all_of(schemes.begin(), schemes.end(), test);
}

bool symmetric(const std::vector<quant::Scheme>& schemes) {
  return all(schemes, [](const quant::Scheme& s) { return s.sym; });
}

void add_servers(std::vector<Loader>& loaders, const std::string& needs = "") {
  loaders.push_back({kVllm, needs});
  loaders.push_back({kSglang, needs});
}

/// Their kernels know symmetric weights only.
std::vector<Loader> gptq(const std::vector<quant::Scheme>& schemes) {
  if (!symmetric(schemes)) return {{kTransformers, "the package gptqmodel and a GPU"}};
  std::vector<Loader> loaders = {{kTransformers, "the package gptqmodel, or auto-round"}};
  add_servers(loaders);
  return loaders;
}

/// Types of which compressed-tensors has no arithmetic on the CPU.
bool needs_gpu(const std::vector<quant::Scheme>& schemes) {
  return !all(schemes, [](const quant::Scheme& s) { return !has(s.data_type, "mx_") && !has(s.data_type, "nv"); });
}

/// formats.md 7.1, "what upstream's own loader does".
std::vector<Loader> auto_round(const StoredAs& stored) {
  const std::string& packing = stored.packing_format;
  if (has(packing, "mlx")) return {{"mlx-lm", ""}};
  if (has(packing, "fake")) return {{kTransformers, "the package auto-round for quantized activations"}};
  // Its reader fails on one scale a tensor and on two numbers for group_size.
  if (!all(stored.schemes, [](const quant::Scheme& s) { return s.group_size != 0 && s.group_size_rows == 0; })) return {};
  if (!all(stored.schemes, [](const quant::Scheme& s) { return s.data_type == "int" && s.act_bits >= 16; })) {
    return {{kTransformers, "the package auto-round"}};
  }
  const bool awq = has(packing, "awq");
  const bool plain = packing == "auto_round" || has(packing, "gptqmodel");
  const bool sym = symmetric(stored.schemes);
  std::string needs = "the package auto-round";
  if (awq) needs += " and gptqmodel";
  if (!sym && !awq && !plain) needs += " and a GPU: zero points less one have no CPU kernel";
  std::vector<Loader> loaders = {{kTransformers, needs}};
  if (awq || (sym && !plain)) add_servers(loaders);
  return loaders;
}

}  // namespace

std::vector<Loader> find_loaders(const StoredAs& stored) {
  const std::string& method = stored.quant_method;
  if (stored.file == "gguf") return {{"llama.cpp", ""}, {kTransformers, "the package gguf; it dequantizes"}};
  if (method.empty()) return {{kTransformers, ""}, {kVllm, ""}, {kSglang, ""}, {"mlx-lm", ""}};
  if (method == "auto-round" || method == "intel/auto-round") return auto_round(stored);
  if (method == "gptq") return gptq(stored.schemes);
  if (method == "mlx") return {{"mlx-lm", ""}};
  std::vector<Loader> loaders;
  if (method == "awq") loaders.push_back({kTransformers, "the package gptqmodel"});
  if (method == "fp8") loaders.push_back({kTransformers, ""});
  if (method == "compressed-tensors") {
    const bool gpu = needs_gpu(stored.schemes);
    loaders.push_back({kTransformers, std::string("the package compressed-tensors") + (gpu ? " and a GPU" : "")});
  }
  if (!loaders.empty()) add_servers(loaders);
  return loaders;
}

}  // namespace ar::engine
