#include "core/calib/tokenizer/post_processor.hpp"

#include <limits>
#include <utility>

namespace ar::calib {
namespace {

using Ids = std::vector<std::int32_t>;

std::int32_t token_id(const base::JsonCursor& json) {
  const auto id = json.as_int();
  if (id < 0 || id > std::numeric_limits<std::int32_t>::max()) json.fail("is no token id");
  return static_cast<std::int32_t>(id);
}

PostProcessor surround(Ids before, Ids after) {
  return [before = std::move(before), after = std::move(after)](Ids& ids) {
    ids.insert(ids.begin(), before.begin(), before.end());
    ids.insert(ids.end(), after.begin(), after.end());
  };
}

/// "single": a list of special tokens and the sequence A, which may stand there once or more.
PostProcessor make_template(const base::JsonCursor& json) {
  const auto list = json.at("single");
  std::vector<Ids> between(1);  // what stands before, between and behind the sequences
  for (std::size_t i = 0; i < list.size(); ++i) {
    const auto item = list.at(i);
    if (const auto special = item.find("SpecialToken")) {
      const auto entry = json.at("special_tokens").at(special->get_string("id"));
      const auto ids = entry.at("ids");
      for (std::size_t k = 0; k < ids.size(); ++k) between.back().push_back(token_id(ids.at(k)));
    } else if (item.find("Sequence")) {
      between.emplace_back();
    } else {
      item.fail("is neither \"SpecialToken\" nor \"Sequence\"");
    }
  }
  return [between = std::move(between)](Ids& ids) {
    Ids out = between.front();
    for (std::size_t i = 1; i < between.size(); ++i) {
      out.insert(out.end(), ids.begin(), ids.end());
      out.insert(out.end(), between[i].begin(), between[i].end());
    }
    ids = std::move(out);
  };
}

PostProcessor make_sequence(const base::JsonCursor& json) {
  const auto list = json.at("processors");
  std::vector<PostProcessor> steps;
  for (std::size_t i = 0; i < list.size(); ++i) steps.push_back(make_post_processor(list.at(i)));
  return [steps = std::move(steps)](Ids& ids) {
    for (const auto& step : steps) step(ids);
  };
}

}  // namespace

PostProcessor make_post_processor(const base::JsonCursor& json) {
  const auto type = json.get_string("type");
  if (type == "Sequence") return make_sequence(json);
  if (type == "TemplateProcessing") return make_template(json);
  if (type == "BertProcessing" || type == "RobertaProcessing") {
    return surround({token_id(json.at("cls").at(1))}, {token_id(json.at("sep").at(1))});
  }
  if (type == "ByteLevel") return [](Ids&) {};  // it only moves offsets
  json.fail("has the unknown type \"" + type + "\"");
}

}  // namespace ar::calib
