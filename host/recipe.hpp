#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ar::host {

/// Chosen by the name the program was called with.
enum class Recipe { kDefault, kBest, kLight, kRtn, kOptRtn };

/// What a recipe puts where the user said nothing.
struct RecipeValues {
  const char* name;
  std::int64_t batch_size;
  std::int64_t iters;
  std::int64_t seqlen;
  std::int64_t nsamples;
  std::optional<double> lr;
  std::optional<bool> disable_opt_rtn;
};

const RecipeValues& recipe_values(Recipe recipe);

/// The name the program was called with, as users write it: "/usr/bin/auto_round_light" -> "auto-round-light".
std::string program_name(std::string_view argv0);

/// "auto-round-light" -> kLight; every unknown name is the default.
Recipe recipe_of(std::string_view program);

}  // namespace ar::host
