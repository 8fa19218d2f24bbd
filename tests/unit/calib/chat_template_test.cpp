#include "core/calib/chat_template.hpp"

#include <ctime>

#include <gtest/gtest.h>
#include <boost/json.hpp>

#include "core/base/error.hpp"
#include "core/base/json.hpp"
#include "core/calib/jinja/interpreter.hpp"
#include "tests/unit/calib/golden.hpp"

namespace {

namespace fs = std::filesystem;
namespace js = boost::json;

struct Outcome {
  std::string text;
  bool failed = false;
};

Outcome render(const std::string& source, const js::object& variables, const std::tm& now = {}) {
  try {
    return {ar::jinja::Template(source).render(variables, now)};
  } catch (const ar::base::Error& error) {
    return {error.what(), true};
  }
}

std::string text_of(const std::string& source, const js::object& variables = {}) {
  return render(source, variables).text;
}

/// transformers fills the other spellings of a message's reasoning.
void fill_aliases(js::object& message) {
  for (const auto* name : {"reasoning_content", "thinking", "reasoning"}) {
    const auto* found = message.if_contains(name);
    if (found == nullptr) continue;
    const js::value reasoning = *found;
    message.insert({{"reasoning_content", reasoning}, {"thinking", reasoning}});
    return;
  }
}

js::object variables_of(const js::object& file, const js::object& entry) {
  js::object out{{"messages", entry.at("messages")},
                 {"tools", entry.at("tools")},
                 {"documents", nullptr},
                 {"add_generation_prompt", entry.at("add_generation_prompt")}};
  for (const auto* more : {&file.at("special_tokens").as_object(), &entry.at("kwargs").as_object()}) {
    for (const auto& [name, value] : *more) out[name] = value;
  }
  for (auto& message : out["messages"].as_array()) {
    if (message.is_object()) fill_aliases(message.as_object());
  }
  return out;
}

void check_file(const fs::path& path) {
  const auto json = ar::base::parse_json_file(path);
  const auto& file = json.as_object();
  std::tm now{};
  strptime(file.at("now").as_string().c_str(), "%Y-%m-%dT%H:%M:%S", &now);
  for (const auto& item : file.at("cases").as_array()) {
    const auto& entry = item.as_object();
    const auto got = render(std::string(file.at("template").as_string()), variables_of(file, entry), now);
    const auto where = path.filename().string() + ": " + std::string(entry.at("name").as_string());
    const auto* error = entry.if_contains("error");
    EXPECT_EQ(got.failed, error != nullptr) << where << ": " << got.text;
    if (error == nullptr) {
      EXPECT_EQ(got.text, entry.at("text").as_string()) << where;
    } else if (error->at("type") == "TemplateError") {
      EXPECT_EQ(got.text, error->at("message").as_string()) << where;
    }
  }
}

TEST(ChatTemplate, RendersRealTemplatesAsTransformers) {
  auto folder = fs::path(AR_SHARED_DIR) / "golden/chat_templates";
  if (AR_SHARED_DIR[0] == '\0' || !fs::exists(folder)) folder = fs::path(AR_SOURCE_DIR) / "tests/golden/chat_templates";
  int n_files = 0;
  for (const auto& file : fs::directory_iterator(folder)) {
    if (file.path().extension() != ".json") continue;
    check_file(file.path());
    ++n_files;
  }
  EXPECT_GE(n_files, 4);
}

TEST(ChatTemplate, OffersTheSpecialTokensAndAsksForAnAnswer) {
  ar::calib::TokenizerConfig config;
  config.special_tokens = {{"bos_token", "<s>"}};
  config.chat_template =
      "{{ bos_token }}{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}"
      "{% if add_generation_prompt %}[assistant]{% endif %}";
  EXPECT_EQ(ar::calib::ChatTemplate(config).render({{"system", "Be kind."}, {"user", "Hi"}}),
            "<s>[system]Be kind.[user]Hi[assistant]");
}

TEST(ChatTemplate, SaysThatThereIsNone) {
  try {
    const ar::calib::ChatTemplate chat{ar::calib::TokenizerConfig{}};
    FAIL() << "accepted";
  } catch (const ar::base::Error& error) {
    EXPECT_EQ(error.exit(), ar::base::Exit::kUsage);
  }
}

// Expected texts: jinja2 3.1.6 with trim_blocks and lstrip_blocks.
TEST(Jinja, TrimsBlanksAroundTags) {
  EXPECT_EQ(text_of("a\n  {% if true %}\n  b\n  {% endif %}\nc\n"), "a\n  b\nc");
  EXPECT_EQ(text_of("a  {{- 1 -}}  b {#- x #} c"), "a1b c");
  EXPECT_EQ(text_of("{% raw %}{{ x }}{% endraw %}"), "{{ x }}");
}

TEST(Jinja, EvaluatesExpressions) {
  EXPECT_EQ(text_of("{{ 1 + 2 * 3 }} {{ 7 // 2 }} {{ -7 // 2 }} {{ -7 % 3 }} {{ 7 / 2 }} {{ 2 ** 3 }}"),
            "7 3 -4 2 3.5 8");
  EXPECT_EQ(text_of("{{ 'a' ~ 1 ~ none }} {{ 1 < 2 < 3 }} {{ 'b' in 'abc' and not false }}"), "a1None True True");
  EXPECT_EQ(text_of("{{ [1, 'x', {'k': 2.5}] }} {{ (1,) }} {{ 1e-07 }} {{ 1e16 }}"),
            "[1, 'x', {'k': 2.5}] (1,) 1e-07 1e+16");
  EXPECT_EQ(text_of("{{ 'h\\u00e9llo'[1:3] }} {{ 'abc'[::-1] }} {{ [1,2,3][-1] }} {{ 'x' if false }}|"),
            "\xc3\xa9l cba 3 |");
}

TEST(Jinja, KeepsLoopNamesInside) {
  EXPECT_EQ(text_of("{% set x = 1 %}{% for i in range(3) %}{% set x = i %}{{ loop.index }}{% endfor %}{{ x }}"),
            "1231");
  EXPECT_EQ(
      text_of(
          "{% set n = namespace(x=0) %}{% for i in [1,2,3] if i != 2 %}{% set n.x = n.x + i %}{% endfor %}{{ n.x }}"),
      "4");
  EXPECT_EQ(text_of("{% for i in [] %}x{% else %}none{% endfor %}{% for i in [1,2,3] %}{% if i == 2 %}{% break %}{% "
                    "endif %}{{ i }}{% endfor %}"),
            "none1");
  EXPECT_EQ(text_of("{% macro f(a, b='y') %}{{ a }}{{ b }}{% endmacro %}{{ f('x') }}{{ f(b=1, a=2) }}"), "xy21");
}

TEST(Jinja, AppliesFilters) {
  EXPECT_EQ(text_of("{{ {'b': [1, none], 'a': '\\n'} | tojson }}"), R"({"b": [1, null], "a": "\n"})");
  EXPECT_EQ(text_of("{{ [3, 1, 2] | sort | join('-') }} {{ ' x ' | trim }} {{ x | default('d') }}"), "1-2-3 x d");
  EXPECT_EQ(text_of("{{ [{'r': 1}, {'r': 2}] | selectattr('r', 'equalto', 2) | map(attribute='r') | list }}"), "[2]");
}

TEST(Jinja, NamesWhatItDoesNotSupport) {
  EXPECT_EQ(text_of("{% include 'x' %}"), "chat template: line 1: the tag 'include' is not supported");
  EXPECT_EQ(text_of("{{ 1 | groupby }}"), "chat template: the filter 'groupby' is not supported");
  EXPECT_EQ(text_of("\n{{ 1 + }}"), "chat template: line 2: expected (, found the end of the tag");
  EXPECT_EQ(text_of("{{ x.y }}"), "chat template: 'x' is undefined");
  EXPECT_EQ(text_of("{{ raise_exception('no') }}"), "no");
}

TEST(Jinja, SurvivesHostileTemplates) {
  EXPECT_TRUE(render(std::string(100000, '('), {}).failed == false);
  EXPECT_TRUE(render("{{ " + std::string(100000, '(') + " }}", {}).failed);
  EXPECT_TRUE(render("{{ " + std::string(100000, '-') + "1 }}", {}).failed);
  EXPECT_TRUE(render("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", {}).failed);
  EXPECT_TRUE(render("{{ range(10 ** 9) }}", {}).failed);
  EXPECT_TRUE(render("{% set n = namespace() %}{% set n.n = n %}{{ n }}", {}).text == "<Namespace>");
}

}  // namespace
