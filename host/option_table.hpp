#pragma once

#include <vector>

#include "host/arg_parser.hpp"

namespace ar::host {

/// Sections of the help, in the order shown.
enum class Group {
  kRuntime,
  kScheme,
  kTuning,
  kRtn,
  kAutoScheme,
  kOtherAlgorithms,
  kEvaluation,
  kMultimodal,
  kDiffusion,
  kPlugins,
  kCompatibility,
};
const char* group_title(Group group);

enum class Status {
  kUsed,      // does what its help says
  kNoEffect,  // accepted; one INFO line gives `note`, the reason why results do not change
  kOld,       // accepted; one WARNING line gives `note`
  kLater,     // refused with `note`: not in this version
};

struct Option : OptionSpec {
  Group group = Group::kRuntime;
  Status status = Status::kUsed;
  const char* help = "";
  const char* note = "";
};

/// Every option of `quantize`, in the order of the help.
const std::vector<Option>& quantize_options();

/// The plain specifications of a table, as the parser wants them.
std::vector<OptionSpec> specs_of(const std::vector<Option>& options);

}  // namespace ar::host
