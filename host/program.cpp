#include "host/program.hpp"

#include <algorithm>
#include <cstdio>
#include <exception>
#include <new>

#include "core/base/error.hpp"
#include "core/base/log.hpp"
#include "host/arg_parser.hpp"
#include "host/cmd_help.hpp"
#include "host/environment.hpp"
#include "host/status_line.hpp"

namespace ar::host {
namespace {

void open_log() {
  base::set_log_sink([](const base::LogRecord& record) { StatusLine::get().log(record); });
  base::set_log_level(log_level_from_environment());
}

/// LibTorch appends a backtrace to its messages; the first line says what was wrong.
std::string first_line(std::string text) { return text.substr(0, text.find('\n')); }

int report(const Invocation& call) {
  StatusLine::get().end("");
  try {
    throw;
  } catch (const UsageError& e) {
    const auto text = usage_text(call.program, call.command) + call.program + " " + command_name(call.command) +
                      ": error: " + e.what() + "\n";
    std::fputs(text.c_str(), stderr);
    return static_cast<int>(e.exit());
  } catch (const base::Error& e) {
    base::error("{}", e.what());
    return static_cast<int>(e.exit());
  } catch (const std::bad_alloc&) {
    base::error("out of memory: use fewer samples (--nsamples), shorter ones (--seqlen) or a smaller --batch_size");
  } catch (const std::exception& e) {
    base::error("{}", first_line(e.what()));
  }
  return static_cast<int>(base::Exit::kFailed);
}

int checked_output(int status) {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return status;
  base::error("stdout could not be written");
  return status != 0 ? status : static_cast<int>(base::Exit::kFailed);
}

}  // namespace

int run_program(int argc, char** argv, const Dispatch& dispatch) {
  Invocation call;
  try {
    open_log();
    const std::vector<std::string> words(argv, argv + argc);
    call = route(words);
    return checked_output(dispatch(call, words));
  } catch (...) {
    return report(call);
  }
}

bool asks_for_help(const std::vector<std::string>& args) {
  const auto end = std::find(args.begin(), args.end(), "--");
  return std::any_of(args.begin(), end, [](const std::string& arg) { return arg == "-h" || arg == "--help"; });
}

}  // namespace ar::host
