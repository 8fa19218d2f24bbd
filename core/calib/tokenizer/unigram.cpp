#include "core/calib/tokenizer/unigram.hpp"

#include <algorithm>
#include <limits>

#include "core/calib/tokenizer/utf8.hpp"

namespace ar::calib {
namespace {
constexpr double kUnkPenalty = 10.0;  // below the least likely token, as SentencePiece has it
}

Unigram::Unigram(const base::JsonCursor& json) {
  const auto list = json.at("vocab");
  double lowest = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < list.size(); ++i) {
    const auto entry = list.at(i);
    const auto token = entry.at(0).as_string();
    longest_ = std::max(longest_, token.size());
    scores_.push_back(entry.at(1).as_double());
    lowest = std::min(lowest, scores_.back());
    vocabulary_.add(token, static_cast<std::int32_t>(i));
  }
  unk_score_ = lowest - kUnkPenalty;
  if (const auto unk = json.find("unk_id")) {
    const auto id = unk->as_int();
    if (id < 0 || id >= size()) unk->fail("is outside the vocabulary");
    unk_id_ = static_cast<std::int32_t>(id);
  }
  if (json.get_bool("byte_fallback", false)) byte_tokens_.emplace(vocabulary_);
}

std::vector<Unigram::Step> Unigram::best_steps(std::string_view piece) const {
  std::vector<Step> steps(piece.size() + 1);
  const auto offer = [&](std::size_t begin, std::size_t end, double score, std::int32_t id) {
    auto& step = steps[end];
    if (!step.reached || score > step.score) step = {score, begin, id, true};
  };
  for (std::size_t begin = 0; begin < piece.size();) {
    const auto character = utf8_length(piece[begin]);
    bool single = false;
    const auto limit = std::min(piece.size(), begin + longest_);
    for (std::size_t end = begin + character; end <= limit;) {
      if (const auto id = vocabulary_.id_of(piece.substr(begin, end - begin))) {
        offer(begin, end, scores_[static_cast<std::size_t>(*id)] + steps[begin].score, *id);
        single = single || end == begin + character;
      }
      if (end == piece.size()) break;
      end += utf8_length(piece[end]);
    }
    if (!single) {
      offer(begin, begin + character, unk_score_ + steps[begin].score, unk_id_.value_or(-1));
    }
    begin += character;
  }
  return steps;
}

void Unigram::encode(std::string_view piece, std::vector<std::int32_t>& ids) const {
  const auto steps = best_steps(piece);
  struct Part {
    std::size_t begin, end;
    bool unknown;
  };
  std::vector<Part> parts;  // from the end to the start
  for (std::size_t end = piece.size(); end > 0;) {
    const auto& step = steps[end];
    const bool unknown = !unk_id_ ? step.id < 0 : step.id == *unk_id_;
    if (unknown && !parts.empty() && parts.back().unknown) {
      parts.back().begin = step.begin;  // neighbouring unknown parts are one token
    } else {
      parts.push_back({step.begin, end, unknown});
    }
    end = step.begin;
  }
  for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
    push(piece.substr(part->begin, part->end - part->begin), ids);
  }
}

void Unigram::push(std::string_view token, std::vector<std::int32_t>& ids) const {
  if (const auto id = vocabulary_.id_of(token)) {
    ids.push_back(*id);
  } else if (!(byte_tokens_ && byte_tokens_->spell(token, ids)) && unk_id_) {
    ids.push_back(*unk_id_);
  }
}

}  // namespace ar::calib
