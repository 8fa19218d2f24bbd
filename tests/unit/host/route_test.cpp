#include "host/route.hpp"

#include <gtest/gtest.h>

#include "host/recipe.hpp"

namespace ar::host {
namespace {

using Words = std::vector<std::string>;

TEST(Route, CommandIsTheFirstWordOnly) {
  EXPECT_EQ(route({"auto-round", "list", "formats"}).command, Command::kList);
  EXPECT_EQ(route({"auto-round", "--iters", "1", "eval"}).command, Command::kQuantize);
  EXPECT_EQ(route({"auto-round", "quantize", "eval"}).args, Words({"eval"}));
}

TEST(Route, FlagsOfCommandsStandAnywhere) {
  const auto call = route({"auto_round", "model", "--eval", "--ppl", "f"});
  EXPECT_EQ(call.command, Command::kEval);
  EXPECT_EQ(call.args, Words({"model", "--ppl", "f"}));
  EXPECT_EQ(route({"auto-round", "formats", "--list"}).command, Command::kList);
}

TEST(Route, NameChoosesTheRecipe) {
  EXPECT_EQ(route({"/usr/bin/auto_round_best"}).recipe, Recipe::kBest);
  EXPECT_EQ(route({"auto-round-light"}).recipe, Recipe::kLight);
  EXPECT_EQ(route({"auto-round-opt-rtn"}).recipe, Recipe::kOptRtn);
  EXPECT_EQ(route({"auto_round_mllm"}).recipe, Recipe::kDefault);
  EXPECT_EQ(route({"auto-round-eval", "model"}).command, Command::kEval);
}

TEST(Recipe, HasUpstreamsValues) {
  EXPECT_EQ(recipe_values(Recipe::kDefault).iters, 200);
  EXPECT_EQ(recipe_values(Recipe::kBest).nsamples, 512);
  EXPECT_EQ(recipe_values(Recipe::kBest).iters, 1000);
  EXPECT_EQ(recipe_values(Recipe::kLight).lr, 5e-3);
  EXPECT_EQ(recipe_values(Recipe::kRtn).disable_opt_rtn, true);
  EXPECT_EQ(recipe_values(Recipe::kOptRtn).disable_opt_rtn, false);
}

}  // namespace
}  // namespace ar::host
