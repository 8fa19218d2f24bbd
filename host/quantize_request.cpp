#include "host/quantize_request.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <utility>

#include <fmt/ranges.h>

#include "core/base/error.hpp"
#include "core/model/layer_config.hpp"
#include "host/option_reader.hpp"
#include "host/option_table.hpp"

namespace ar::host {
namespace {

constexpr std::int64_t kFallbackIters = 200;

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

std::string without_blanks(std::string text) {
  const auto blank = [](unsigned char c) { return std::isspace(c) != 0; };
  text.erase(std::remove_if(text.begin(), text.end(), blank), text.end());
  return text;
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

/// "a, b,,c" -> a b c
std::vector<std::string> split_list(const std::string& text) {
  std::vector<std::string> items;
  std::string item;
  for (const char c : without_blanks(text) + ",") {
    if (c != ',')
      item += c;
    else if (!item.empty())
      items.push_back(std::exchange(item, {}));
  }
  return items;
}

std::string canonical_dtype(const std::string& name) {
  if (name == "fp16" || name == "float16") return "float16";
  if (name == "bf16" || name == "bfloat16") return "bfloat16";
  return "float32";
}

class Builder {
 public:
  Builder(const Arguments& arguments, Recipe recipe)
      : arguments_(arguments), recipe_(recipe_values(recipe)), read_(arguments, request_.settings) {}

  QuantizeRequest build() {
    check_pairs();
    read_model();
    refuse_later();
    note_compatibility();
    read_output();
    read_calibration();
    read_tuning();
    read_scheme();
    read_layers();
    read_states();
    return std::move(request_);
  }

 private:
  template <typename... Args>
  void warn(fmt::format_string<Args...> text, Args&&... args) {
    request_.notes.push_back({base::Level::kWarning, fmt::format(text, std::forward<Args>(args)...)});
  }

  void check_pairs() {
    for (const auto& [one, other] :
         {std::pair{"disable_opt_rtn", "enable_opt_rtn"}, std::pair{"enable_torch_compile", "disable_torch_compile"}}) {
      if (arguments_.has(one) && arguments_.has(other))
        usage_error("argument --{}: not allowed with argument --{}", other, one);
    }
  }

  void read_model() {
    auto& model = run_.model;
    if (!arguments_.positionals().empty())
      model = arguments_.positionals().front();
    else if (const auto named = arguments_.text("model_name"))
      model = *named;
    if (model.empty()) usage_error("the following arguments are required: model");
    if (model.size() > 1 && model.back() == '/') model.pop_back();
    read_.note_source("model", model, "command line");
    run_.tokenizer = read_.text("tokenizer", "");
  }

  void refuse_later() {
    for (const auto& option : quantize_options()) {
      const auto name = split_names(option).front();
      if (option.status == Status::kLater && arguments_.has(name))
        base::refuse("--{} is not in this version: {}", name, option.note);
    }
  }

  void note_compatibility() {
    for (const auto& option : quantize_options()) {
      const auto name = split_names(option).front();
      if (!arguments_.has(name)) continue;
      if (option.status == Status::kOld) warn("--{}: {}", name, option.note);
      if (option.status == Status::kNoEffect)
        request_.notes.push_back({base::Level::kInfo, fmt::format("--{}: {}", name, option.note)});
    }
  }

  void read_output() {
    run_.output_dir = read_.text("output_dir", run_.output_dir.string());
    run_.formats.clear();
    for (const auto& format : split_list(lower(read_.text("format", "auto_round")))) {
      if (std::find(run_.formats.begin(), run_.formats.end(), format) == run_.formats.end())
        run_.formats.push_back(format);
    }
    if (run_.formats.empty()) base::refuse("--format: no format named; `auto-round list formats` shows what there is");
    read_format_options();
    if (const auto dtype = read_.given_text("model_dtype")) run_.model_dtype = canonical_dtype(*dtype);
    run_.device_map = without_blanks(read_.text("device_map", "0"));
    if (run_.device_map == "tp") base::refuse("--device_map tp is reserved: name devices, such as cpu or 0,1");
    const auto seed = read_.integer("seed", 42);
    if (seed < 0) base::refuse("--seed {}: must not be negative", seed);
    run_.seed = static_cast<std::uint64_t>(seed);
  }

  void read_format_options() {
    for (const std::string& text : arguments_.all_values("format_option")) {
      const auto dot = text.find('.');
      const auto equals = text.find('=');
      if (dot == std::string::npos || equals == std::string::npos || dot == 0 || dot + 1 >= equals)
        usage_error("argument --format_option: invalid value: '{}' (FORMAT.NAME=VALUE)", text);
      const auto name = text.substr(dot + 1, equals - dot - 1);
      if (!run_.format_options[text.substr(0, dot)].emplace(name, text.substr(equals + 1)).second)
        base::refuse("--format_option {}: {} is given twice", text, text.substr(0, equals));
      read_.note_source("format_option", text, "command line");
    }
  }

  void read_calibration() {
    const auto source = std::string("recipe ") + recipe_.name;
    run_.dataset_given = arguments_.has("dataset");
    run_.dataset = read_.text("dataset", run_.dataset);
    run_.nsamples = read_.positive("nsamples", recipe_.nsamples, source);
    run_.seqlen = read_.positive("seqlen", recipe_.seqlen, source);
    run_.batch_size = read_.positive("batch_size", recipe_.batch_size, source);
    run_.low_gpu_mem_usage = read_.flag("low_gpu_mem_usage");
    if (run_.low_gpu_mem_usage && contains(run_.model, "bloom")) {
      warn("--low_gpu_mem_usage is off for bloom models");
      run_.low_gpu_mem_usage = false;
    }
  }

  void read_tuning() {
    const auto source = std::string("recipe ") + recipe_.name;
    run_.iters = read_.integer("iters", recipe_.iters, source);
    if (run_.iters > OptionReader::kLargest)
      base::refuse("--iters {}: must be {} at most", run_.iters, OptionReader::kLargest);
    if (run_.iters < 0) {
      warn("--iters {}: must not be negative, {} is used", run_.iters, kFallbackIters);
      run_.iters = kFallbackIters;
    }
    read_algorithm();
    run_.lr = read_.real("lr", recipe_.lr, source);
    run_.minmax_lr = read_.real("minmax_lr");
    run_.momentum = read_.real("momentum", 0.0).value_or(0.0);
    run_.nblocks = read_.positive("nblocks", 1);
    run_.gradient_accumulate_steps = read_.positive("gradient_accumulate_steps", 1);
    run_.enable_adam = read_.flag("adam");
    run_.enable_minmax_tuning = read_.flag("enable_minmax_tuning", true) && !read_.flag("disable_minmax_tuning");
    run_.enable_norm_bias_tuning = read_.flag("enable_norm_bias_tuning");
    run_.enable_quanted_input = read_.flag("enable_quanted_input", true) && !read_.flag("disable_quanted_input");
    run_.not_use_best_mse = read_.flag("not_use_best_mse");
    run_.amp = !read_.flag("disable_amp");
    run_.deterministic = read_.flag("enable_deterministic_algorithms");
    read_opt_rtn();
    read_model_free();
  }

  /// Its rounding is plain and needs no data.
  void read_model_free() {
    run_.model_free = read_.flag("model_free");
    if (!run_.model_free) return;
    if (arguments_.has("iters") && run_.iters > 0)
      base::refuse("--model_free with --iters {}: nothing is tuned; leave --iters out", run_.iters);
    if (arguments_.has("enable_opt_rtn")) base::refuse("--model_free with --enable_opt_rtn: no scale is searched");
    run_.iters = 0;
    run_.disable_opt_rtn = true;
  }

  void read_algorithm() {
    const auto names = split_list(lower(read_.text("algorithm", "")));
    bool rtn = false;
    for (const auto& name : names) {
      if (name == "rtn")
        rtn = true;
      else if (name != "auto_round" && name != "autoround" && name != "sign_round" && name != "signround")
        base::refuse(
            "--algorithm {}: not in this version; there are auto_round (autoround, sign_round, signround) and rtn",
            name);
    }
    if (rtn && names.size() > 1)
      base::refuse("--algorithm {}: rtn and auto_round exclude each other", fmt::join(names, ","));
    if (rtn && arguments_.has("iters") && run_.iters > 0)
      warn("--algorithm rtn does not tune: --iters {} becomes 0", run_.iters);
    if (rtn) run_.iters = 0;
  }

  void read_opt_rtn() {
    run_.disable_opt_rtn = recipe_.disable_opt_rtn;
    const bool disable = arguments_.has("disable_opt_rtn");
    if (disable || arguments_.has("enable_opt_rtn")) {
      run_.disable_opt_rtn = disable;
      if (run_.iters > 0)
        warn("--{}_opt_rtn only concerns --iters 0, with --iters {} it is ignored", disable ? "disable" : "enable",
             run_.iters);
    }
    const auto value = run_.disable_opt_rtn ? (*run_.disable_opt_rtn ? "true" : "false") : "unset";
    const auto source =
        disable || arguments_.has("enable_opt_rtn") ? "command line" : std::string("recipe ") + recipe_.name;
    read_.note_source("disable_opt_rtn", value, source);
  }

  void read_scheme() {
    auto scheme = without_blanks(read_.text("scheme", "W4A16"));
    std::transform(scheme.begin(), scheme.end(), scheme.begin(), [](unsigned char c) { return std::toupper(c); });
    run_.scheme = scheme;
    auto& over = run_.scheme_override;
    over.bits = read_.given_int("bits");
    if (const auto group = read_.given_text("group_size")) read_group_size(*group);
    over.sym = read_.given_false("asym");
    over.data_type = read_.given_text("data_type");
    over.act_bits = read_.given_int("act_bits");
    over.act_group_size = read_.given_int("act_group_size");
    over.act_sym = read_.given_false("act_asym");
    over.act_data_type = read_.given_text("act_data_type");
    over.act_dynamic = read_.given_false("disable_act_dynamic");
    read_super();
    if (const auto dtype = read_.given_text("scale_dtype")) over.scale_dtype = canonical_dtype(*dtype);
    read_lm_head();
    quant::resolve(run_.scheme, over);
    const bool gptq = std::find(run_.formats.begin(), run_.formats.end(), "auto_gptq") != run_.formats.end();
    if (gptq && over.sym) warn("--asym with format auto_gptq: few kernels run asymmetric GPTQ weights");
  }

  /// Layers of GGUF files alone have two levels; on the command line a type says which.
  void read_super() {
    auto& over = run_.scheme_override;
    for (auto [name, field] :
         {std::pair("super_bits", &over.super_bits), {"super_group_size", &over.super_group_size}}) {
      *field = read_.given_int(name);
      const bool gguf = run_.scheme.compare(0, 4, "GGUF") == 0;
      if (*field && !gguf && !contains(over.data_type.value_or(""), "_dq"))
        base::refuse("--{} {}: only int_sym_dq and int_asym_dq quantize scales again; name one with --data_type", name,
                     **field);
    }
  }

  void read_group_size(const std::string& text) {
    std::vector<std::int64_t> numbers;
    for (const auto& item : split_list(text)) {
      std::int64_t number = 0;
      const auto [stop, error] = std::from_chars(item.data(), item.data() + item.size(), number);
      if (error != std::errc() || stop != item.data() + item.size())
        usage_error("argument --group_size: invalid value: '{}' (an integer, or two for blocks: 128,128)", text);
      numbers.push_back(number);
    }
    if (numbers.empty() || numbers.size() > 2)
      usage_error("argument --group_size: invalid value: '{}' (an integer, or two for blocks: 128,128)", text);
    run_.scheme_override.group_size = numbers.back();
    if (numbers.size() == 2) run_.scheme_override.group_size_rows = numbers.front();
  }

  void read_lm_head() {
    run_.quant_lm_head = read_.flag("quant_lm_head");
    if (!run_.quant_lm_head) return;
    for (const auto& format : run_.formats) {
      if (contains(format, "auto_round") || contains(format, "fake")) continue;
      base::refuse(
          "--quant_lm_head: format {} cannot hold a quantized output head; use auto_round, auto_round:auto_gptq, "
          "auto_round:auto_awq or fake",
          format);
    }
  }

  void read_layers() {
    run_.layer_config = read_.text("layer_config", "");
    if (!run_.layer_config.empty()) model::parse_layer_config(run_.layer_config);
    run_.ignore_layers = read_.text("ignore_layers", "");
    run_.to_quant_block_names = split_list(read_.text("to_quant_block_names", ""));
  }

  void read_states() {
    auto& states = run_.static_states;
    states.kv_dtype = read_.given_text("static_kv_dtype").value_or("");
    states.attention_dtype = read_.given_text("static_attention_dtype").value_or("");
    const auto kv = granularity("static_kv_granularity", "static_kv_dtype");
    const auto attention = granularity("static_attention_granularity", "static_attention_dtype");
    if (kv && attention && *kv != *attention)
      base::refuse(
          "--static_kv_granularity {}: --static_attention_granularity {} is for keys and values too; give both the "
          "same",
          *kv, *attention);
    if (kv.value_or("") == "head" || attention.value_or("") == "head") states.granularity = quant::Granularity::kHead;
  }

  std::optional<std::string> granularity(const char* name, const char* dtype) {
    const auto text = read_.given_text(name);
    if (text && !arguments_.has(dtype)) base::refuse("--{} {}: says nothing without --{}", name, *text, dtype);
    return text;
  }

  const Arguments& arguments_;
  const RecipeValues& recipe_;
  QuantizeRequest request_;
  engine::RunOptions& run_ = request_.run;
  OptionReader read_;
};

}  // namespace

QuantizeRequest read_quantize(const Arguments& arguments, Recipe recipe) { return Builder(arguments, recipe).build(); }

void apply_plugin_options(const Arguments& arguments, plugin::SearchOptions& search) {
  search.dirs = arguments.all_values("plugin_dir");
  search.defaults = !arguments.flag("no_default_plugins");
}

std::optional<std::string> chosen_activations(const Arguments& arguments) {
  auto chosen = arguments.text("activations");
  if (chosen == "stored") chosen.reset();
  return chosen;
}

}  // namespace ar::host
