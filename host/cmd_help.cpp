#include "host/cmd_help.hpp"

#include <algorithm>
#include <cstdio>

#include "host/option_table.hpp"

namespace ar::host {
namespace {

constexpr std::size_t kHelpColumn = 34;
constexpr std::size_t kWidth = 110;

constexpr const char* kQuantizeIntro =
    "Quantizes a Hugging Face model folder to low-bit weights by signed rounding descent.\n"
    "\n"
    "Commands: quantize (the default), list, eval, forward, inspect, convert, tokenize, help.\n"
    "Recipes, chosen by the name of the program: auto-round, auto-round-best (1000 steps, 512 samples),\n"
    "auto-round-light (50 steps, lr 0.005), auto-round-rtn, auto-round-opt-rtn.\n"
    "Names may be written with '-' or '_' and shortened as long as they stay unambiguous.\n"
    "\n"
    "positional arguments:\n"
    "  model                           model folder or .gguf file\n";

constexpr const char* kListHelp =
    "Shows what this program and its plugins can do.\n"
    "\n"
    "  auto-round list format          formats and the schemes they store, as upstream prints them\n"
    "  auto-round list formats | devices | models | schemes | plugins | alg [NAME]\n"
    "\n"
    "options:\n"
    "  --json                          one JSON value instead of text\n"
    "  --verbose                       shadowed plugins and the places searched as well\n"
    "  --strict                        exit 1 when a plugin is broken\n"
    "  --plugin_dir DIR                search this folder first; may be repeated\n"
    "  --no_default_plugins            search neither AR_PLUGIN_PATH nor the installed plugins\n"
    "  -h, --help                      this text\n";

constexpr const char* kEvalHelp =
    "Evaluates a model, as it came or as this program wrote it, on a local text (evaluation).\n"
    "\n"
    "positional arguments:\n"
    "  model                           model folder or .gguf file; --model DIR is the same\n"
    "\n"
    "options:\n"
    "  --ppl FILE                      text to read: perplexity on stdout\n"
    "  --ref DIR                       also KL divergence from this model and top-1 agreement with it\n"
    "  --tokenizer DIR                 folder with the tokenizer; unset: the model's own, of a .gguf file also from inside it\n"
    "  --activations HOW               rounded as the stored scheme says (stored), or a .gguf file's as by llama.cpp\n"
    "  --seqlen N                      tokens per window (512)\n"
    "  --windows N                     windows to evaluate at most (16)\n"
    "  --skip N                        predictions left out at the start of a window (0); half a window: llama.cpp's figure\n"
    "  --device_map DEVICE             where to compute\n"
    "  -h, --help                      this text\n"
    "\n"
    "Tasks (--tasks, --eval_bs, --eval_backend, --vllm_args, --limit ...) are not in this version.\n";

constexpr const char* kForwardHelp =
    "Runs a model on given token ids and writes what every block saw, to debug a model adapter.\n"
    "\n"
    "  auto-round forward MODEL --inputs in.safetensors --outputs out.safetensors\n"
    "\n"
    "options:\n"
    "  --inputs FILE                   input_ids, attention_mask\n"
    "  --outputs FILE                  block_in, block_out.<i>, logits, in float32\n"
    "  --activations HOW               as for eval\n"
    "  -h, --help                      this text\n";

constexpr const char* kTokenizeHelp =
    "Tokenizes lines of JSON, to debug a tokenizer.\n"
    "\n"
    "  auto-round tokenize --tokenizer DIR\n"
    "\n"
    "stdin: lines of {\"text\": string, \"special\": bool}; stdout: lines of {\"ids\": [...], \"decoded\": string}, in "
    "order.\n";

constexpr const char* kInspectHelp =
    "Tells what a checkpoint holds: tensors, schemes, totals, and the programs that load it. No model is run.\n"
    "\n"
    "positional arguments:\n"
    "  PATH                            model folder, .safetensors or .gguf file\n"
    "\n"
    "options:\n"
    "  --json                          one JSON object instead of text\n"
    "  --plugin_dir DIR                search this folder first; may be repeated\n"
    "  --no_default_plugins            search neither AR_PLUGIN_PATH nor the installed plugins\n"
    "  -h, --help                      this text\n";

constexpr const char* kConvertHelp =
    "Stores the codes of a quantized model in other layouts, without quantizing again.\n"
    "\n"
    "  auto-round convert MODEL --format auto_round --output_dir DIR\n"
    "\n"
    "positional arguments:\n"
    "  model                           folder of a quantized model; --model DIR is the same\n"
    "\n"
    "options:\n"
    "  --format NAME[,NAME...]         what to write (auto_round)\n"
    "  --output_dir DIR                where (./tmp_autoround)\n"
    "  --plugin_dir DIR                search this folder first; may be repeated\n"
    "  --no_default_plugins            search neither AR_PLUGIN_PATH nor the installed plugins\n"
    "  -h, --help                      this text\n";

constexpr const char* kHelpHelp =
    "Prints the help of a command: quantize, list, eval, forward, inspect, convert or tokenize.\n";

std::string names_column(const Option& option) {
  std::string column = "  ";
  for (const auto& name : split_names(option)) column += (column.size() > 2 ? ", --" : "--") + name;
  if (option.arity == Arity::kToggle) column += ", --no-" + split_names(option).back();
  if (*option.value != '\0') column += std::string(" ") + option.value;
  return column;
}

/// Words of `text` in lines of kWidth, all starting at kHelpColumn.
void append_wrapped(std::string& out, std::string line, const std::string& text) {
  const std::string margin(kHelpColumn, ' ');
  if (line.size() + 2 > kHelpColumn) {
    out += line + "\n";
    line = margin;
  }
  line.resize(std::max(line.size(), kHelpColumn), ' ');
  std::size_t begin = 0;
  while (begin < text.size()) {
    const auto end = std::min(text.find(' ', begin), text.size());
    const auto word = text.substr(begin, end - begin);
    if (line.size() > kHelpColumn && line.size() + 1 + word.size() > kWidth) {
      out += line + "\n";
      line = margin;
    }
    line += (line.size() > kHelpColumn ? " " : "") + word;
    begin = end + 1;
  }
  out += line + "\n";
}

std::string options_text() {
  std::string text = "\noptions:\n  -h, --help                      this text\n";
  for (int g = 0; g <= static_cast<int>(Group::kCompatibility); ++g) {
    const auto group = static_cast<Group>(g);
    text += std::string("\n") + group_title(group) + ":\n";
    for (const auto& option : quantize_options()) {
      if (option.group != group) continue;
      const std::string suffix = option.status == Status::kLater ? " (not in this version)" : "";
      append_wrapped(text, names_column(option), option.help + suffix);
    }
  }
  return text;
}

const char* usage_tail(Command command) {
  switch (command) {
    case Command::kQuantize: return "MODEL [--name value ...]";
    case Command::kList: return "ITEM [--json] [--verbose] [--strict]";
    case Command::kEval: return "MODEL --ppl FILE [--ref DIR] [--seqlen N] [--windows N] [--skip N]";
    case Command::kForward: return "MODEL --inputs FILE --outputs FILE";
    case Command::kTokenize: return "--tokenizer DIR";
    case Command::kInspect: return "PATH [--json]";
    case Command::kConvert: return "MODEL --format NAME --output_dir DIR";
    case Command::kHelp: return "[COMMAND]";
  }
  return "";
}

std::string usage_line(const std::string& program, Command command) {
  return "usage: " + program + " " + command_name(command) + " " + usage_tail(command) + "\n";
}

}  // namespace

std::string usage_text(const std::string& program, Command command) {
  return usage_line(program, command) + "       " + program + " " + command_name(command) +
         " --help shows every option\n";
}

std::string help_text(const std::string& program, Command command) {
  const auto usage = usage_line(program, command) + "\n";
  switch (command) {
    case Command::kQuantize: return usage + kQuantizeIntro + options_text();
    case Command::kList: return usage + kListHelp;
    case Command::kEval: return usage + kEvalHelp;
    case Command::kForward: return usage + kForwardHelp;
    case Command::kTokenize: return usage + kTokenizeHelp;
    case Command::kInspect: return usage + kInspectHelp;
    case Command::kConvert: return usage + kConvertHelp;
    case Command::kHelp: return usage + kHelpHelp;
  }
  return usage;
}

int cmd_help(const Invocation& call) {
  if (call.args.size() > 1) usage_error("help takes one command, not {}", call.args.size());
  auto command = Command::kQuantize;
  if (!call.args.empty()) {
    const auto& name = call.args.front();
    if (name == "-h" || name == "--help")
      command = Command::kHelp;
    else if (const auto asked = route({call.program, name}); asked.args.empty() && asked.command != Command::kHelp)
      command = asked.command;
    else
      usage_error("help {}: there is help for quantize, list, eval, forward, inspect, convert and tokenize", name);
  }
  std::fputs(help_text(call.program, command).c_str(), stdout);
  return 0;
}

}  // namespace ar::host
