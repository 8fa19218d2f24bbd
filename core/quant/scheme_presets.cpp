#include "core/quant/scheme_presets.hpp"

namespace ar::quant {
namespace {

constexpr int64_t kPerRow = -1;
constexpr int64_t kPerTensor = 0;

Preset weight_int(const char* name, int bits, int64_t group_size) {
  Preset p;
  p.name = name;
  p.bits = bits;
  p.group_size = group_size;
  return p;
}

Preset weight_fp(const char* name, int bits, int64_t group_size) {
  Preset p = weight_int(name, bits, group_size);
  p.data_type = "fp";
  p.act_data_type = "fp";
  return p;
}

/// Weights and activations of one width and group size.
Preset both(const char* name, int bits, int64_t group_size, const char* data_type, const char* act_data_type) {
  Preset p = weight_int(name, bits, group_size);
  p.data_type = data_type;
  p.act_bits = bits;
  p.act_group_size = group_size;
  p.act_sym = true;
  p.act_data_type = act_data_type;
  p.act_dynamic = true;
  return p;
}

Preset fp8_static() {
  Preset p = both("FP8_STATIC", 8, kPerRow, "fp", "fp");
  p.act_group_size = kPerTensor;
  p.act_dynamic = false;
  return p;
}

Preset fp8_block() {
  Preset p = both("FP8_BLOCK", 8, 128, "fp", "fp");
  p.group_size_rows = 128;
  return p;
}

/// The 32-element GGUF blocks with a real-valued minimum.
Preset gguf_float_zero(const char* name, int bits) {
  Preset p = weight_int(name, bits, 32);
  p.sym = false;
  p.data_type = "int_asym_float_zp";
  return p;
}

/// GGUF super-blocks: scales and minima are quantized once more.
Preset gguf_k(const char* name, int bits, int64_t group_size, bool sym, int super_bits, int super_group_size) {
  Preset p = weight_int(name, bits, group_size);
  p.sym = sym;
  p.data_type = sym ? "int_sym_dq" : "int_asym_dq";
  p.super_bits = super_bits;
  p.super_group_size = super_group_size;
  return p;
}

}  // namespace

// data_types.md 1.2, in upstream's order. MXFP8 has the activations of the user guide (1.8), as MXFP8_RCEIL.
const std::vector<Preset>& presets() {
  static const std::vector<Preset> table = {
      weight_int("W4A16", 4, 128),
      weight_int("W2A16", 2, 128),
      weight_int("W3A16", 3, 128),
      weight_int("W5A16", 5, 128),
      weight_int("W6A16", 6, 128),
      weight_int("W8A16", 8, 128),
      both("MXFP4", 4, 32, "mx_fp", "mx_fp"),
      both("MXFP6", 6, 32, "mx_fp", "mx_fp"),
      both("MXFP4_RCEIL", 4, 32, "mx_fp", "mx_fp_rceil"),
      both("MXFP8", 8, 32, "mx_fp", "mx_fp_rceil"),
      both("MXFP8_RCEIL", 8, 32, "mx_fp", "mx_fp_rceil"),
      both("NVFP4", 4, 16, "nv_fp", "nv_fp4_with_static_gs"),
      both("NVFP4_E5M3", 4, 16, "nvfp4_v2", "nvfp4_v2"),
      weight_fp("FPW8A16", 8, kPerTensor),
      weight_int("W2A16G64", 2, 64),
      weight_int("W2A16G32", 2, 32),
      fp8_static(),
      weight_fp("BF16", 16, 128),
      weight_int("W4A16_MIXED", 4, 128),
      both("INT4", 4, kPerRow, "int", "int"),
      both("INT8", 8, kPerRow, "int", "int"),
      both("INT8_W8A8", 8, kPerRow, "int", "int"),
      fp8_block(),
      both("MXINT4", 4, 32, "mx_int", "mx_int"),
      weight_int("GGUF:Q4_0", 4, 32),
      gguf_float_zero("GGUF:Q4_1", 4),
      weight_int("GGUF:Q5_0", 5, 32),
      gguf_float_zero("GGUF:Q5_1", 5),
      gguf_k("GGUF:Q2_K_S", 2, 16, false, 4, 16),
      gguf_k("GGUF:Q2_K_MIXED", 2, 16, false, 4, 16),
      gguf_k("GGUF:Q3_K_S", 3, 16, true, 6, 16),
      gguf_k("GGUF:Q3_K_M", 3, 16, true, 6, 16),
      gguf_k("GGUF:Q3_K_L", 3, 16, true, 6, 16),
      gguf_k("GGUF:Q4_K_S", 4, 32, false, 6, 8),
      gguf_k("GGUF:Q4_K_M", 4, 32, false, 6, 8),
      gguf_k("GGUF:Q5_K_S", 5, 32, false, 6, 8),
      gguf_k("GGUF:Q5_K_M", 5, 32, false, 6, 8),
      gguf_k("GGUF:Q6_K", 6, 16, true, 8, 16),
      weight_int("GGUF:Q8_0", 8, 32),
  };
  return table;
}

}  // namespace ar::quant
