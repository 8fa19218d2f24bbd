/* Export formats (tier C). A format never quantizes: it stores finished numbers. */
#ifndef AR_FORMAT_H
#define AR_FORMAT_H

#include "ar/host.h"
#include "ar/plugin.h"
#include "ar/scheme.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One quantized matrix, a linear layer or an embedding. Planes are named tensors; which ones exist follows from the
 * scheme:
 *   "codes"        [out, in]   integers: U8, 0..2^bits-1. mx_fp, nv_fp, fp: F4_E2M1 (one code a byte), F8_E4M3 or
 *                              F8_E5M2. mx_int: U8, sign * 8 + magnitude
 *   "scale"        [out, G]    integers: F16, BF16 or F32; mx: F8_E8M0; nv_fp: F8_E4M3; nvfp4_v2: U8 (UE5M3); fp: F32.
 *                              G = ceil(in/group_size), 1 for group_size -1; [1] for group_size 0; 2-D blocks:
 *                              [ceil(out/rows), ceil(in/cols)]
 *   "zero_point"   [out, G]    F32 whole numbers (real numbers for int_asym_float_zp); absent when sym: the zero
 *                              point of a symmetric integer layer is 2^(bits-1)
 *   "global_scale" [1]         F32, nv_fp: w = code * scale / global_scale
 *   "super_scale", "super_min" [out, S] F32, two-level types (S = ceil(G/super_group_size)); super_min when asym
 *   "scale_codes", "min_codes" [out, G] U8, two-level types. scale = super_scale * (scale_codes - 32) for Q3_K, the byte
 *                              read as signed for Q6_K, as it is for the others; min = super_min * min_codes
 *   "act_scale"        [1]     F32, static fp8 activations: x = code * act_scale
 *   "act_global_scale" [1]     F32, static global scale of nv_fp activations
 *   "weight"       [out, in]   the quantize-dequantized weight in the tuning dtype, for formats that store it
 * so that w ~ scale * (code - zero_point), less the min of asymmetric two-level types. Integer scales may be negative:
 * never take abs or reject them. */
typedef struct ar_layer {
  size_t struct_size;
  const char *name; /* checkpoint path without ".weight", e.g. "model.layers.0.mlp.up_proj" */
  const ar_scheme *scheme;
  int64_t out_features;
  int64_t in_features;
  int32_t conv1d; /* 1: the checkpoint holds [in, out]; planes are [out, in] all the same */
  const ar_tensor *planes;
  size_t n_planes;
  const ar_tensor *bias; /* null when the layer has none; named as in the checkpoint */
} ar_layer;

/* A writer is what `open` makes: one output folder. */
typedef struct ar_writer ar_writer;

/* A source is what `open_source` makes: one file as an input model. */
typedef struct ar_source ar_source;

/* What a run tells a format, as one JSON object (UTF-8):
 *   format            the name the user asked for, e.g. "auto_round:auto_gptq"
 *   scheme            the global scheme: bits, group_size (number, or [rows, cols]), sym, data_type, act_*, super_*
 *   quantization      keys of the run that quantization_config records, in upstream's order and already filtered
 *                     (formats.md 4.2): bits ... , autoround_version is not among them
 *   version           the program's version
 *   block_names       list of the block-list prefixes, e.g. ["model.layers"]
 *   layers            in order: [{name, scheme, in_features, in_block, quantized, fixed_by_user, reason}], every linear layer
 *   extra_config      what the engine resolved per layer and pattern, in upstream's order (formats.md 4.2)
 *   config            the source model's config.json, keys in file order
 *   dtype             element type of unquantized tensors: "bfloat16", "float16", "float32"
 *   model             last path component of the source
 *   side_files        names the host copies verbatim into the folder
 *   options           options meant for this format, by name; an unknown one is refused with text
 *   source_dir        absolute path of the source model's folder; of a model in one file, where its tokenizer lies
 *   declarations      what the model adapter declares for format families, by family: {"gguf": {...}}
 *   attention_states  only when FP8 scales of attention are added, as "<module>.k_scale", ".v_scale", ".q_scale" (F32, one
 *                     number or one a head): {queries: there are q_scale, granularity: "tensor" or "head",
 *                     types: classes of the attentions in transformers}; refuse it when no reader knows them
 *   matrices          what may be quantized, in order: [{name, out_features, in_features, scheme, quantized,
 *                     fixed_by_user, embedding}]: linear layers, embeddings, the output layer unless it is tied
 *   copied_linears    only when there are: linear layers of parts that are copied as they are (vision towers), by module
 *                     path in transformers; a config that lists what is not quantized names them
 */
typedef struct ar_format_api {
  size_t struct_size;
  /* [any] Can this scheme be stored under this name? AR_OK, or AR_UNSUPPORTED / AR_INVALID_ARGUMENT with the reason.
   * `format` is the full name ("auto_round:auto_awq"). */
  ar_status (*check)(const char *format, const ar_scheme *scheme, ar_error *err);
  /* [any] The name of what will be written ("auto_round:auto_gptq" for "auto_round" with a symmetric integer scheme),
   * which names sub-folders and packing_format; plan_json is what `open` gets. Copies a zero-terminated string into
   * out[0..capacity). */
  ar_status (*resolve)(const char *format, const char *plan_json, char *out, size_t capacity, ar_error *err);
  /* [main] Starts an output. host and target live until close. */
  ar_status (*open)(const ar_host *host, const char *plan_json, const ar_target *target, ar_writer **writer,
                    ar_error *err);
  /* [any] Pure: planes in, named tensors out to `sink`. Two calls with equal arguments write equal bytes. */
  ar_status (*pack)(const ar_writer *writer, const ar_layer *layer, const ar_sink *sink, ar_error *err);
  /* [serial] A tensor left as it is. */
  ar_status (*add)(ar_writer *writer, const ar_tensor *tensor, ar_error *err);
  /* [serial] Writes config and whatever completes the folder. */
  ar_status (*finish)(ar_writer *writer, ar_error *err);
  /* [serial] Exactly once per open, after an error too; accepts null. */
  void (*close)(ar_writer *writer);
  /* Optional, [any]: the inverse of pack. `tensors` are the stored tensors of one layer; the planes "codes", "scale",
   * "zero_point" and "bias" go to `sink` under those names. The scheme says what was stored. */
  ar_status (*unpack)(const ar_writer *writer, const ar_layer *layer, const ar_tensor *tensors, size_t n_tensors,
                      const ar_sink *sink, ar_error *err);
  /* Optional, [any]: not 0 when a checkpoint with this quantization_config (JSON object) is this format's, so that
   * `read_layer` can read it. 2: layers with an ordinary "<name>.weight" are read as well, for how their inputs are
   * quantized; the scheme then has bits 16, and of the planes only act_scale or act_global_scale may come. */
  int32_t (*owns)(const char *quantization_config_json);
  /* Optional, [any]: reads one layer of a checkpoint this format owns, without a writer. layer->scheme may be null:
   * what was stored follows from the config. Planes go to `sink` as with `unpack`, and beside them what they are:
   *   "scheme"       I64 [3]: bits, group_size, sym; plain integers (data_type "int", one scale a group of columns)
   *   "scheme_json"  U8 [n], for every other type instead: UTF-8 text of a JSON object with bits, group_size (number, or
   *                  [rows, cols]), sym, data_type, and where they say something act_bits, act_group_size, act_sym,
   *                  act_dynamic, act_data_type, super_bits, super_group_size; absent act_bits: 16
   * Write that first: a host that only asks how a layer is stored cancels the sink there, and gives 0 for features.
   * Only asked for layers stored quantized, that is with tensors beside "<name>.weight" and "<name>.bias". */
  ar_status (*read_layer)(const char *quantization_config_json, const ar_layer *layer, const ar_tensor *tensors,
                          size_t n_tensors, const ar_sink *sink, ar_error *err);
  /* Optional, [any]: the schemes this format wants per matrix, asked before anything is quantized (GGUF mixtures).
   * `take` is called once with a JSON object {"scale_dtype": "float32", "scheme": {bits, group_size, sym, data_type,
   * super_bits, super_group_size}, "matrices": [{"name", "scheme"}]}: the scheme of the run, and of matrices that
   * differ from what they have; bits 16 leaves one alone. Matrices outside the blocks are rounded, not tuned. */
  ar_status (*choose_schemes)(const char *format, const char *plan_json, void *ctx,
                              ar_status (*take)(void *ctx, const char *json, size_t n_bytes), ar_error *err);
  /* Optional, [serial]: makes this a one-file format. What `pack` wrote comes here, layers in their order, instead of
   * going to the target's shards; no side file is copied. */
  ar_status (*store)(ar_writer *writer, const ar_tensor *tensor, ar_error *err);
  /* Optional, all three or none. [any] Opens a file whose extension is the format's id as an input model. `take` is
   * called once with a JSON object that the `import_file` function of model adapters understands (ar/model.h). Where
   * programs that run such files round what enters a linear layer, "activations" lists them: {"name", and "cache", the
   * type they keep keys and values of attention in (float32, float16, bfloat16; absent: float32)}. "part": what the file
   * holds when that is no model by itself ("a vision tower"); it can only be inspected then. */
  ar_status (*open_source)(const char *path, ar_source **source, void *ctx,
                           ar_status (*take)(void *ctx, const char *json, size_t n_bytes), ar_error *err);
  /* [any] Reads one tensor; declared_json is its entry in the adapter's answer. To `sink` go the planes and
   * "scheme_json", as with read_layer, or "weight" for a tensor that is not quantized; in the checkpoint's order. An
   * entry with "activations", one of the listed names, is a linear layer's weight: "scheme_json" then comes in any case
   * and its act_* say how that program rounds the layer's inputs. */
  ar_status (*read_source)(const ar_source *source, const char *declared_json, const ar_sink *sink, ar_error *err);
  /* [any] Exactly once per open_source, after an error too; accepts null. */
  void (*close_source)(ar_source *source);
  /* Optional, with open_source only, [any]: the tokenizer that lies in the file, as the files that a model folder has
   * for it: tokenizer.json, tokenizer_config.json and whatever goes with them. `take` is called once a file, with its
   * name (no folder) and content. AR_UNSUPPORTED, with what cannot be expressed, or AR_NOT_FOUND when there is none. */
  ar_status (*source_tokenizer)(const ar_source *source, void *ctx,
                                ar_status (*take)(void *ctx, const char *name, const char *bytes, size_t n_bytes),
                                ar_error *err);
} ar_format_api;

#ifdef __cplusplus
}
#endif
#endif /* AR_FORMAT_H */
