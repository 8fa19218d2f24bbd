#include "host/arg_parser.hpp"

#include <gtest/gtest.h>

namespace ar::host {
namespace {

const std::vector<OptionSpec> kSpecs = {{"model_name model", Arity::kOne},
                                        {"model_dtype", Arity::kOne},
                                        {"iters iter", Arity::kOne, ValueType::kInt, "N"},
                                        {"lr", Arity::kOne, ValueType::kFloat, "X"},
                                        {"group_size", Arity::kOne},
                                        {"platform", Arity::kOne, ValueType::kText, "{hf,model_scope}"},
                                        {"tasks", Arity::kAtMostOne},
                                        {"options", Arity::kOneOrMore},
                                        {"asym", Arity::kFlag},
                                        {"act_asym", Arity::kFlag},
                                        {"adam", Arity::kToggle}};

Arguments parse(const std::vector<std::string>& tokens) { return Arguments::parse(kSpecs, tokens, 1); }

std::string refusal(const std::vector<std::string>& tokens) {
  try {
    parse(tokens);
  } catch (const UsageError& e) {
    return e.what();
  }
  return "";
}

TEST(Arguments, TakesValuesApartOrJoined) {
  EXPECT_EQ(parse({"--iters", "3"}).integer("iters"), 3);
  EXPECT_EQ(parse({"--iters=3"}).integer("iters"), 3);
  EXPECT_EQ(parse({"--model=a=b"}).text("model_name"), "a=b");
}

TEST(Arguments, TreatsHyphenAndUnderscoreAlike) {
  EXPECT_EQ(parse({"--group-size", "32"}).text("group_size"), "32");
  EXPECT_EQ(parse({"--group_size", "a-b"}).text("group_size"), "a-b");
}

TEST(Arguments, AcceptsUnambiguousPrefixes) {
  EXPECT_EQ(parse({"--group", "32"}).text("group_size"), "32");
  EXPECT_EQ(parse({"--ite", "3"}).integer("iters"), 3);  // both spellings are one option
  EXPECT_EQ(refusal({"--a"}), "ambiguous option: --a could match --act_asym, --adam, --asym");
}

TEST(Arguments, PrefersTheExactName) { EXPECT_EQ(parse({"--model", "x"}).text("model_name"), "x"); }

TEST(Arguments, TakesNegativeNumbersAsValues) {
  EXPECT_EQ(parse({"--group_size", "-1"}).text("group_size"), "-1");
  EXPECT_EQ(parse({"--lr", "-0.5"}).real("lr"), -0.5);
  EXPECT_EQ(refusal({"--group_size", "-x"}), "argument --group_size: expected one argument");
}

TEST(Arguments, LastRepetitionWins) {
  const auto arguments = parse({"--iters", "1", "--options", "a", "b", "--iters", "2", "--options", "c"});
  EXPECT_EQ(arguments.integer("iters"), 2);
  EXPECT_EQ(arguments.values("options"), std::vector<std::string>({"c"}));
  EXPECT_EQ(arguments.all_values("options"), std::vector<std::string>({"a", "b", "c"}));
}

TEST(Arguments, TogglesBothWays) {
  EXPECT_EQ(parse({"--adam"}).toggle("adam"), true);
  EXPECT_EQ(parse({"--adam", "--no-adam"}).toggle("adam"), false);
  EXPECT_EQ(parse({}).toggle("adam"), std::nullopt);
}

TEST(Arguments, LetsAnOptionalValueBeAbsent) {
  EXPECT_TRUE(parse({"--tasks"}).has("tasks"));
  EXPECT_EQ(parse({"--tasks", "--asym"}).text("tasks"), std::nullopt);
  EXPECT_EQ(parse({"--tasks", "piqa"}).text("tasks"), "piqa");
}

TEST(Arguments, TakesPositionalsAnywhere) {
  EXPECT_EQ(parse({"--asym", "dir", "--iters", "1"}).positionals(), std::vector<std::string>({"dir"}));
  EXPECT_EQ(parse({"--", "--dir"}).positionals(), std::vector<std::string>({"--dir"}));
  EXPECT_EQ(refusal({"one", "two"}), "unrecognized arguments: two");
}

TEST(Arguments, StopsAtHelp) {
  EXPECT_TRUE(parse({"--unknown", "-h", "--iters", "x"}).help());
  EXPECT_EQ(refusal({"--iters", "x", "-h"}), "argument --iters/--iter: invalid int value: 'x'");
}

TEST(Arguments, NamesWhatIsWrong) {
  EXPECT_EQ(refusal({"--nope", "-x"}), "unrecognized arguments: --nope -x");
  EXPECT_EQ(refusal({"--iters"}), "argument --iters/--iter: expected one argument");
  EXPECT_EQ(refusal({"--lr", "fast"}), "argument --lr: invalid float value: 'fast'");
  EXPECT_EQ(refusal({"--lr", "nan"}), "argument --lr: invalid float value: 'nan'");
  EXPECT_EQ(refusal({"--asym=1"}), "argument --asym: ignored explicit argument '1'");
  EXPECT_EQ(refusal({"--platform", "x"}), "argument --platform: invalid choice: 'x' (choose from 'hf', 'model_scope')");
}

}  // namespace
}  // namespace ar::host
