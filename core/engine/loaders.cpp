#include "core/engine/loaders.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

namespace ar::engine {
namespace {

constexpr std::string_view kTransformers = "Transformers";
constexpr std::string_view kVllm = "vLLM";
constexpr std::string_view kSglang = "SGLang";
constexpr std::string_view kMlx = "mlx-lm";

bool has(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

template <typename Test>
bool all(const std::vector<quant::Scheme>& schemes, Test&& test) {
  return std::all_of(schemes.begin(), schemes.end(), test);
}

bool alike(const std::vector<quant::Scheme>& schemes) {
  return all(schemes, [&](const quant::Scheme& s) { return s == schemes.front(); });
}

bool anything(const quant::Scheme&) { return true; }
bool weights_only(const quant::Scheme& s) { return s.data_type == "int" && s.act_bits >= 16; }

/// MARLIN_SUPPORTED_GROUP_SIZES of both servers' marlin_utils.py
bool marlin_groups(const quant::Scheme& s) {
  return s.group_size == -1 || s.group_size == 32 || s.group_size == 64 || s.group_size == 128;
}
bool marlin(const quant::Scheme& s) {
  return weights_only(s) && s.sym && (s.bits == 4 || s.bits == 8) && marlin_groups(s);
}
bool humming(const quant::Scheme& s) { return weights_only(s) && s.group_size > 0; }
bool humming_sym(const quant::Scheme& s) { return humming(s) && s.sym; }
bool marlin_or_few_bits(const quant::Scheme& s) { return marlin(s) || (humming_sym(s) && s.bits < 4); }

bool awq(const quant::Scheme& s) { return weights_only(s) && s.bits == 4 && marlin_groups(s); }
bool awq_columns(const quant::Scheme& s) { return awq(s) && s.group_size > 0; }
bool awq_asym(const quant::Scheme& s) { return awq(s) && !s.sym; }

/// Zero points at 4 bits only.
bool marlin_or_zeros(const quant::Scheme& s) { return marlin(s) || awq(s); }
bool int8(const quant::Scheme& s) { return s.act_bits == 8; }
bool blocks(const quant::Scheme& s) { return s.group_size_rows > 0; }
bool no_blocks(const quant::Scheme& s) { return !blocks(s); }
bool mxfp4(const quant::Scheme& s) { return has(s.data_type, "mx_fp") && s.bits == 4; }
/// Not mx_fp_rceil, which rounds the scales of activations another way.
bool mxfp8(const quant::Scheme& s) { return has(s.data_type, "mx_fp") && s.bits == 8 && s.act_data_type == "mx_fp"; }

bool mlx(const quant::Scheme& s) { return s.group_size == 32 || s.group_size == 64 || s.group_size == 128; }
bool mlx_awq(const quant::Scheme& s) { return awq(s) && mlx(s); }

constexpr std::string_view kSm75 = "a GPU of compute capability 7.5";
constexpr std::string_view kSm80 = "a GPU of compute capability 8.0";
constexpr std::string_view kSm89 = "a GPU of compute capability 8.9";
constexpr std::string_view kMixed75 = "a GPU of compute capability 7.5, and no rule of dynamic for q, k, v, gate or up";
constexpr std::string_view kMixed80 = "a GPU of compute capability 8.0, and no rule of dynamic for q, k, v, gate or up";
constexpr std::string_view kHumming = "--quantization humming and a GPU of compute capability 7.5";

enum class Layers { kAny, kAlike };

/// The loader takes the checkpoint when its test holds for every quantized layer.
struct Rule {
  std::string_view loader;
  std::string_view quant_method;
  std::string_view packing_format;  // "": any
  bool (*takes)(const quant::Scheme&);
  std::string_view needs;
  Layers layers = Layers::kAny;
};

/// Read from vllm 0.33.0 (vllm/model_executor/layers/quantization/), sglang 0.5.23 (sglang/srt/layers/quantization/),
/// humming-kernels 0.1.12 and 0.1.19 (humming/schema/), which both depend on, and mlx-lm 0.32.2 (mlx_lm/utils.py).
/// Of the rules of one loader the first that holds is taken.
constexpr std::array kRules{
    // vLLM: inc/inc.py and inc/schemes/
    Rule{kVllm, "auto-round", "auto_round:auto_gptq", marlin_or_few_bits, kSm75},
    Rule{kVllm, "auto-round", "auto_round:auto_awq", awq, kSm75},
    Rule{kVllm, "auto-round", "auto_round:fp8", blocks, kSm75},
    Rule{kVllm, "auto-round", "auto_round:llm_compressor", mxfp4, kSm80},
    Rule{kVllm, "auto-round", "auto_round:llm_compressor", mxfp8, kSm75},
    // humming.py; humming/schema/gptq.py reads zero points as they are
    Rule{kVllm, "auto-round", "auto_round:auto_gptq", humming_sym, kHumming, Layers::kAlike},
    Rule{kVllm, "auto-round", "auto_round", humming, kHumming, Layers::kAlike},
    Rule{kVllm, "auto-round", "auto_round:gptqmodel", humming, kHumming, Layers::kAlike},
    // auto_gptq.py: dynamic is looked up by the names of fused layers (utils/gptq_utils.py)
    Rule{kVllm, "gptq", "", marlin, kSm75, Layers::kAlike},
    Rule{kVllm, "gptq", "", marlin, kMixed75},
    Rule{kVllm, "gptq", "", humming_sym, kHumming, Layers::kAlike},
    Rule{kVllm, "awq", "", awq, kSm75},  // auto_awq.py
    // compressed_tensors/compressed_tensors.py. It takes nvfp4-e5m3 for NVFP4 and computes nonsense.
    Rule{kVllm, "compressed-tensors", "pack-quantized", weights_only, kSm75},
    Rule{kVllm, "compressed-tensors", "int-quantized", int8, kSm75},
    Rule{kVllm, "compressed-tensors", "float-quantized", anything, kSm75},
    Rule{kVllm, "compressed-tensors", "naive-quantized", anything, kSm75},
    Rule{kVllm, "compressed-tensors", "mxfp4-pack-quantized", anything, kSm80},
    Rule{kVllm, "compressed-tensors", "mxfp8-quantized", anything, kSm75},
    Rule{kVllm, "compressed-tensors", "nvfp4-pack-quantized", anything, kSm75},
    Rule{kVllm, "fp8", "", anything, kSm75},  // fp8.py

    // SGLang: auto_round.py. GPTQ has Marlin kernels alone (gptq/schemes/gptq_linear.py).
    Rule{kSglang, "auto-round", "auto_round:auto_gptq", marlin, kSm80},
    Rule{kSglang, "auto-round", "auto_round:auto_gptq", humming_sym, kHumming, Layers::kAlike},
    Rule{kSglang, "auto-round", "auto_round:auto_awq", awq_columns, kSm75},
    Rule{kSglang, "auto-round", "auto_round:auto_awq", awq_asym, kSm80},
    Rule{kSglang, "auto-round", "auto_round", humming, kHumming, Layers::kAlike},
    Rule{kSglang, "auto-round", "auto_round:gptqmodel", humming, kHumming, Layers::kAlike},
    Rule{kSglang, "gptq", "", marlin, kSm80, Layers::kAlike},
    Rule{kSglang, "gptq", "", marlin, kMixed80},
    Rule{kSglang, "gptq", "", humming_sym, kHumming, Layers::kAlike},
    Rule{kSglang, "awq", "", awq_columns, kSm75},
    Rule{kSglang, "awq", "", awq_asym, kSm80},
    // compressed_tensors/compressed_tensors.py: MXFP4 for experts only, no MXFP8
    Rule{kSglang, "compressed-tensors", "pack-quantized", marlin_or_zeros, kSm80},
    Rule{kSglang, "compressed-tensors", "int-quantized", int8, kSm80},
    Rule{kSglang, "compressed-tensors", "float-quantized", no_blocks, kSm80},
    Rule{kSglang, "compressed-tensors", "float-quantized", anything, kSm89},
    Rule{kSglang, "compressed-tensors", "naive-quantized", no_blocks, kSm80},
    Rule{kSglang, "compressed-tensors", "nvfp4-pack-quantized", anything, kSm80},
    Rule{kSglang, "fp8", "", anything, kSm80},

    Rule{kMlx, "auto-round", "mlx", mlx, ""},
    Rule{kMlx, "mlx", "", mlx, ""},
    Rule{kMlx, "awq", "", mlx_awq, ""},
};

/// Types of which compressed-tensors has no arithmetic on the CPU.
bool needs_gpu(const std::vector<quant::Scheme>& schemes) {
  return !all(schemes, [](const quant::Scheme& s) { return !has(s.data_type, "mx_") && !has(s.data_type, "nv"); });
}

bool symmetric(const std::vector<quant::Scheme>& schemes) {
  return all(schemes, [](const quant::Scheme& s) { return s.sym; });
}

/// formats.md 7.1, "what upstream's own loader does".
std::optional<std::string> transformers_auto_round(const StoredAs& stored) {
  const std::string& packing = stored.packing_format;
  if (has(packing, "mlx")) return std::nullopt;
  if (has(packing, "fake")) return "the package auto-round for quantized activations";
  // Its reader fails on one scale a tensor and on two numbers for group_size.
  if (!all(stored.schemes, [](const quant::Scheme& s) { return s.group_size != 0 && !blocks(s); })) return std::nullopt;
  if (!all(stored.schemes, weights_only)) return "the package auto-round";
  const bool awq = has(packing, "awq");
  const bool plain = packing == "auto_round" || has(packing, "gptqmodel");
  std::string needs = "the package auto-round";
  if (awq) needs += " and gptqmodel";
  if (!symmetric(stored.schemes) && !awq && !plain) needs += " and a GPU: zero points less one have no CPU kernel";
  return needs;
}

/// transformers 5.23 (quantizers/), auto-round 0.16.1, compressed-tensors 0.20.
std::optional<std::string> transformers_needs(const StoredAs& stored) {
  const std::string& method = stored.quant_method;
  if (method == "auto-round" || method == "intel/auto-round") return transformers_auto_round(stored);
  if (method == "gptq" && symmetric(stored.schemes)) return "the packages gptqmodel and optimum, or auto-round";
  if (method == "gptq") return "the packages gptqmodel and optimum, and a GPU";
  if (method == "awq") return "the package gptqmodel";
  if (method == "fp8") return "";
  if (method != "compressed-tensors") return std::nullopt;
  return std::string("the package compressed-tensors") + (needs_gpu(stored.schemes) ? " and a GPU" : "");
}

Loader loader(std::string_view name, std::string_view needs = "") { return {std::string(name), std::string(needs)}; }

bool holds(const Rule& rule, const StoredAs& stored) {
  // Both servers' default; a layer's test refuses what is no GPTQ.
  const std::string packing = stored.packing_format.empty() ? "auto_round:auto_gptq" : stored.packing_format;
  return stored.quant_method == rule.quant_method && (rule.packing_format.empty() || packing == rule.packing_format) &&
         (rule.layers == Layers::kAny || alike(stored.schemes)) && all(stored.schemes, rule.takes);
}

}  // namespace

std::vector<Loader> find_loaders(const StoredAs& stored) {
  if (stored.part) return {loader("llama.cpp", "--mmproj, beside the language model's file")};
  if (stored.file == "gguf") {
    // No longer in vLLM itself: vllm-gguf-plugin 0.0.5. Both servers know every type this program writes.
    return {loader("llama.cpp"), loader(kTransformers, "the package gguf; it dequantizes"),
            loader(kVllm, "the package vllm-gguf-plugin, --tokenizer or a config.json beside the file, and a GPU"),
            loader(kSglang, "a GPU")};
  }
  if (stored.quant_method.empty()) return {loader(kTransformers), loader(kVllm), loader(kSglang), loader(kMlx)};
  std::vector<Loader> loaders;
  if (const auto needs = transformers_needs(stored)) loaders.push_back(loader(kTransformers, *needs));
  for (const Rule& rule : kRules) {
    if (!loaders.empty() && loaders.back().name == rule.loader) continue;
    if (stored.siblings_differ && rule.loader != kMlx) continue;  // the servers make one matrix of them
    if (holds(rule, stored)) loaders.push_back(loader(rule.loader, rule.needs));
  }
  return loaders;
}

}  // namespace ar::engine
