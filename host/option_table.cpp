#include "host/option_table.hpp"

namespace ar::host {
namespace {

constexpr auto kText = ValueType::kText;
constexpr auto kInt = ValueType::kInt;
constexpr auto kFloat = ValueType::kFloat;
constexpr auto kFlag = Arity::kFlag;
constexpr auto kToggle = Arity::kToggle;
constexpr auto kOne = Arity::kOne;

constexpr const char* kDtypes = "{fp16,float16,bf16,bfloat16,fp32,float32}";
constexpr const char* kFp8 = "{fp8,float8_e4m3fn}";
constexpr const char* kGranularities = "{tensor,head}";
constexpr const char* kLocalOnly = "models and data are read from local folders, whatever the hub";
constexpr const char* kNoTasks = "evaluation tasks are missing; `auto-round eval MODEL --ppl FILE` measures perplexity";
constexpr const char* kNoAutoScheme = "AutoScheme is missing; --scheme and --layer_config set bits by hand";
constexpr const char* kNoAwq = "the AWQ algorithm is missing";
constexpr const char* kNoSvd = "the SVDQuant algorithm is missing";
constexpr const char* kNoRotation = "Hadamard rotation is missing";
constexpr const char* kNoTowers = "towers are copied as they are";
constexpr const char* kTextAlone = "calibration reads text alone";
constexpr const char* kNoDiffusion = "diffusion models are missing";

Option used(Group group, const char* names, Arity arity, ValueType type, const char* value, const char* help) {
  return {{names, arity, type, value}, group, Status::kUsed, help, ""};
}
Option flag(Group group, const char* names, const char* help) { return used(group, names, kFlag, kText, "", help); }
Option toggle(Group group, const char* names, const char* help) { return used(group, names, kToggle, kText, "", help); }
Option no_effect(const char* names, const char* help, const char* note) {
  return {{names, kFlag, kText, ""}, Group::kCompatibility, Status::kNoEffect, help, note};
}
Option old(const char* names, const char* help, const char* note) {
  return {{names, kFlag, kText, ""}, Group::kCompatibility, Status::kOld, help, note};
}
Option later(Group group, const char* names, Arity arity, const char* help, const char* note) {
  return {{names, arity, kText, arity == kFlag || arity == kToggle ? "" : "X"}, group, Status::kLater, help, note};
}

void add_runtime(std::vector<Option>& t) {
  const auto g = Group::kRuntime;
  t.push_back(used(g, "model_name model model_name_or_path", kOne, kText, "DIR",
                   "model folder or .gguf file; the same as the positional MODEL"));
  t.push_back(used(g, "tokenizer", kOne, kText, "DIR",
                   "folder with the tokenizer of a model in one .gguf file; unset: the file's folder, else the file"));
  t.push_back(used(g, "output_dir", kOne, kText, "DIR", "base folder of the results (./tmp_autoround)"));
  t.push_back(used(g, "format formats", kOne, kText, "NAMES",
                   "output formats, comma separated (auto_round); see `auto-round list formats`"));
  t.push_back(used(g, "format_option", kOne, kText, "FORMAT.NAME=VALUE",
                   "option of a format, such as gguf.fallback=llama.cpp; may be repeated"));
  t.push_back(used(g, "device_map device devices", kOne, kText, "DEVICE",
                   "cpu, auto, an index or a device name (0); an index without a card is the CPU"));
  t.push_back(
      used(g, "dataset", kOne, kText, "SPEC",
           "calibration text: FILE.json or FILE.jsonl, with :num=N, :concat, ...; named sets are not in this version"));
  t.push_back(used(g, "batch_size train_bs bs", kOne, kInt, "N", "samples per forward pass (8)"));
  t.push_back(used(g, "seqlen seq_len", kOne, kInt, "N", "tokens per sample (2048); clamped to what the model takes"));
  t.push_back(used(g, "nsamples nsample", kOne, kInt, "N", "calibration samples (128; best: 512)"));
  t.push_back(used(g, "seed", kOne, kInt, "N", "of every random choice (42)"));
  t.push_back(flag(g, "low_gpu_mem_usage", "keep cached block inputs off the accelerator; results do not change"));
  t.push_back(used(g, "model_dtype", kOne, kText, kDtypes, "element type to work in; unset: that of the model"));
  t.push_back(used(g, "algorithm algorithms alg algs", kOne, kText, "NAMES",
                   "auto_round or rtn (auto_round; rtn when --iters 0); see `auto-round list alg`"));
  t.push_back(flag(g, "disable_amp", "tune in float32 throughout"));
  t.push_back(
      flag(g, "enable_deterministic_algorithms", "fail rather than run an operation without a reproducible result"));
}

void add_scheme(std::vector<Option>& t) {
  const auto g = Group::kScheme;
  t.push_back(used(g, "scheme", kOne, kText, "NAME",
                   "preset (W4A16); see `auto-round list schemes`; the options below override its fields"));
  t.push_back(used(g, "bits", kOne, kInt, "N", "weight bits"));
  t.push_back(used(g, "group_size", kOne, kText, "N",
                   "columns that share a scale; -1: a whole row; 0: the whole tensor; A,B: blocks"));
  t.push_back(flag(g, "asym", "asymmetric: with zero points"));
  t.push_back(used(g, "data_type dtype", kOne, kText, "NAME",
                   "weight data type: int, fp, mx_fp, nv_fp, mx_int, ...; bits in the name (mx_fp4) win over --bits"));
  t.push_back(used(g, "act_bits", kOne, kInt, "N", "activation bits; 16 leaves activations alone"));
  t.push_back(used(g, "act_group_size", kOne, kInt, "N", "elements of an activation that share a scale (group_size)"));
  t.push_back(flag(g, "act_asym", "asymmetric activations"));
  t.push_back(used(g, "act_data_type act_dtype", kOne, kText, "NAME", "activation data type (that of the weights)"));
  t.push_back(flag(g, "disable_act_dynamic", "calibrated instead of dynamic activation scales"));
  t.push_back(used(g, "super_bits", kOne, kInt, "N", "bits of twice quantized scales, of int_sym_dq and int_asym_dq"));
  t.push_back(used(g, "super_group_size", kOne, kInt, "N", "groups in a super group, of the same types"));
  t.push_back(used(g, "scale_dtype", kOne, kText, kDtypes, "element type of scales (fp16)"));
  t.push_back(toggle(g, "quant_lm_head", "quantize the output head as well"));
  t.push_back(used(g, "layer_config", kOne, kText, "TEXT", "per layer: {\"name or pattern\":{\"bits\":8,...}}"));
  t.push_back(
      used(g, "ignore_layers fp_layers", kOne, kText, "NAMES", "layers left alone, comma separated; parts of names"));
  t.push_back(used(g, "to_quant_block_names", kOne, kText, "PATTERNS",
                   "blocks to quantize, comma separated regular expressions (all)"));
  t.push_back(
      used(g, "static_kv_dtype", kOne, kText, kFp8,
           "calibrate scales for an FP8 cache of keys and values (none); tuning and search run with such a cache"));
  t.push_back(
      used(g, "static_kv_granularity", kOne, kText, kGranularities, "one scale a layer or one a head (tensor)"));
  t.push_back(used(g, "static_attention_dtype", kOne, kText, kFp8, "the same and scales of queries (none)"));
  t.push_back(used(g, "static_attention_granularity", kOne, kText, kGranularities,
                   "one scale a layer or one a head, of queries, keys and values (tensor)"));
}

void add_tuning(std::vector<Option>& t) {
  const auto g = Group::kTuning;
  t.push_back(used(g, "iters iter", kOne, kInt, "N",
                   "tuning steps per block (200; best: 1000; light: 50); 0: round to nearest"));
  t.push_back(used(g, "lr", kOne, kFloat, "X", "learning rate (1/iters; light: 0.005)"));
  t.push_back(used(g, "minmax_lr", kOne, kFloat, "X", "learning rate of the ranges (lr)"));
  t.push_back(used(g, "momentum", kOne, kFloat, "X", "of the sign descent (0)"));
  t.push_back(used(g, "gradient_accumulate_steps", kOne, kInt, "N", "batches per step (1)"));
  t.push_back(used(g, "nblocks", kOne, kInt, "N", "blocks tuned together (1)"));
  t.push_back(toggle(g, "adam enable_adam", "AdamW instead of sign descent"));
  t.push_back(flag(g, "disable_minmax_tuning", "tune the rounding only, not the ranges"));
  t.push_back(toggle(g, "enable_minmax_tuning", "the opposite (the default)"));
  t.push_back(toggle(g, "enable_norm_bias_tuning", "tune norm weights and biases as well"));
  t.push_back(flag(g, "disable_quanted_input", "feed every block the original model's activations"));
  t.push_back(toggle(g, "enable_quanted_input", "the opposite (the default)"));
  t.push_back(toggle(g, "not_use_best_mse", "keep the last iterate instead of the best"));
  t.push_back(later(g, "enable_alg_ext", kToggle, "algorithm extension", "the algorithm extension is missing"));
  t.push_back(later(g, "enable_lfq", kToggle, "cross-entropy loss on the last block", "this loss is missing"));
  t.push_back(flag(Group::kRtn, "disable_opt_rtn", "plain rounding with --iters 0, without data"));
  t.push_back(
      flag(Group::kRtn, "model_free", "GGUF formats: plain rounding in float32, as llama-quantize without an imatrix"));
  t.push_back(flag(Group::kRtn, "enable_opt_rtn", "search the scales with --iters 0 (the default below 8 bits)"));
}

void add_auto_scheme(std::vector<Option>& t) {
  const auto g = Group::kAutoScheme;
  t.push_back(later(g, "avg_bits target_bits", kOne, "average bits to reach", kNoAutoScheme));
  t.push_back(later(g, "options", Arity::kOneOrMore, "candidate presets", kNoAutoScheme));
  t.push_back(
      later(g, "ignore_scale_zp_bits", kFlag, "leave scales and zero points out of the average", kNoAutoScheme));
  t.push_back(later(g, "shared_layers", Arity::kOneOrMore, "layers that get the same scheme", kNoAutoScheme));
}

void add_other_algorithms(std::vector<Option>& t) {
  const auto g = Group::kOtherAlgorithms;
  for (const char* name : {"awq_duo_scaling", "awq_n_grid", "awq_seqlen", "awq_smooth_batch_size"})
    t.push_back(later(g, name, kOne, "AWQ", kNoAwq));
  for (const char* name : {"awq_apply_clip", "awq_clip_as_init"}) t.push_back(later(g, name, kFlag, "AWQ", kNoAwq));
  for (const char* name : {"svdquant_rank", "svdquant_smooth_num_grids", "svdquant_smooth_max_calibration_calls",
                           "svdquant_residual_iters", "svdquant_low_rank_dtype", "svdquant_target_modules",
                           "svdquant_exclude_modules", "svdquant_model_adapter"})
    t.push_back(later(g, name, kOne, "SVDQuant", kNoSvd));
  for (const char* name : {"enable_svdquant_smooth", "enable_svdquant_residual_early_stop"})
    t.push_back(later(g, name, kFlag, "SVDQuant", kNoSvd));
  for (const char* name : {"rotation_type rotation_hadamard_type", "rotation_backend", "rotation_block_size"})
    t.push_back(later(g, name, kOne, "Hadamard rotation", kNoRotation));
  for (const char* name : {"fuse_online_to_weight", "allow_online_rotation"})
    t.push_back(later(g, name, kToggle, "Hadamard rotation", kNoRotation));
}

void add_evaluation(std::vector<Option>& t) {
  const auto g = Group::kEvaluation;
  t.push_back(later(g, "tasks task", Arity::kAtMostOne, "tasks to evaluate the result on", kNoTasks));
  for (const char* name :
       {"eval_bs", "eval_backend", "vllm_args", "limit", "eval_model_dtype", "num_fewshot", "eval_gen_kwargs"})
    t.push_back(later(g, name, kOne, "of the tasks", kNoTasks));
  for (const char* name : {"eval_task_by_task", "add_bos_token", "fewshot_as_multiturn"})
    t.push_back(later(g, name, kFlag, "of the tasks", kNoTasks));
}

void add_modalities(std::vector<Option>& t) {
  const auto m = Group::kMultimodal;
  t.push_back(later(m, "quant_nontext_module", kFlag, "quantize vision and audio towers as well", kNoTowers));
  t.push_back(later(m, "extra_data_dir", kOne, "folder of images, video and audio", kTextAlone));
  t.push_back(later(m, "template", kOne, "prompt template", kTextAlone));
  const auto d = Group::kDiffusion;
  for (const char* name : {"prompt", "prompt_file", "metrics metric", "image_save_dir", "guidance_scale",
                           "num_inference_steps", "generator_seed"})
    t.push_back(later(d, name, kOne, "image generation", kNoDiffusion));
}

void add_compatibility(std::vector<Option>& t) {
  const auto g = Group::kCompatibility;
  t.push_back(no_effect("enable_torch_compile", "nothing to compile",
                        "kernels are compiled ahead of time, results do not change"));
  t.push_back(no_effect("disable_torch_compile", "nothing to compile",
                        "kernels are compiled ahead of time, results do not change"));
  t.push_back(
      no_effect("disable_trust_remote_code", "no remote code is ever run", "no code of a model folder is ever run"));
  t.push_back(
      no_effect("disable_model_free", "is the default", "no run takes that route unless --model_free asks for it"));
  t.push_back(
      {{"platform", kOne, kText, "{hf,model_scope}"}, g, Status::kNoEffect, "hub to download from", kLocalOnly});
  t.push_back(old("low_cpu_mem_usage", "is the default", "deprecated, already the default"));
  t.push_back(old("disable_deterministic_algorithms", "is the default", "deprecated, already the default"));
  t.push_back(old("mllm", "is recognised by itself", "deprecated, the kind of model is recognised by itself"));
  t.push_back(later(g, "disable_low_cpu_mem_usage", kFlag, "hold the whole model in memory",
                    "weights are always read and written block by block"));
}

void add_plugins(std::vector<Option>& t) {
  const auto g = Group::kPlugins;
  t.push_back(used(g, "plugin_dir", kOne, kText, "DIR", "search this folder for plugins first; may be repeated"));
  t.push_back(flag(g, "no_default_plugins", "search neither AR_PLUGIN_PATH nor the installed plugins"));
}

std::vector<Option> make_table() {
  std::vector<Option> table;
  add_runtime(table);
  add_scheme(table);
  add_tuning(table);
  add_auto_scheme(table);
  add_other_algorithms(table);
  add_evaluation(table);
  add_modalities(table);
  add_plugins(table);
  add_compatibility(table);
  return table;
}

}  // namespace

const char* group_title(Group group) {
  switch (group) {
    case Group::kRuntime: return "Runtime";
    case Group::kScheme: return "Common Quantization Arguments";
    case Group::kTuning: return "Algorithm: auto_round";
    case Group::kRtn: return "Algorithm: rtn";
    case Group::kAutoScheme: return "AutoScheme";
    case Group::kOtherAlgorithms: return "Algorithm: awq, svdquant, hadamard";
    case Group::kEvaluation: return "Evaluation";
    case Group::kMultimodal: return "Multimodal";
    case Group::kDiffusion: return "Diffusion";
    case Group::kPlugins: return "Plugins";
    case Group::kCompatibility: return "Compatibility";
  }
  return "";
}

const std::vector<Option>& quantize_options() {
  static const std::vector<Option> kTable = make_table();
  return kTable;
}

std::vector<OptionSpec> specs_of(const std::vector<Option>& options) { return {options.begin(), options.end()}; }

}  // namespace ar::host
