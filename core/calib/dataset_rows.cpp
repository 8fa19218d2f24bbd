#include "core/calib/dataset_rows.hpp"

#include <algorithm>
#include <functional>
#include <memory>

#include "core/base/error.hpp"
#include "core/base/log.hpp"
#include "core/calib/chat_template.hpp"

namespace ar::calib {
namespace {

using Row = std::vector<std::int32_t>;
using Render = std::function<std::string(const std::string&)>;

/// Wraps each text as a user's message. A template that refuses the system message is asked again without it.
Render make_chat_render(const SourceSpec& source, const Tokenizer& tokenizer) {
  auto chat = std::make_shared<const ChatTemplate>(tokenizer.config());
  auto shown = std::make_shared<bool>(false);
  return [chat, shown, prompt = source.system_prompt](const std::string& text) {
    std::vector<ChatMessage> messages;
    if (!prompt.empty()) messages.push_back({"system", prompt});
    messages.push_back({"user", text});
    std::string rendered;
    try {
      rendered = chat->render(messages);
    } catch (const base::Error& error) {
      if (prompt.empty()) throw;
      base::warning_once("the chat template failed with a system message ({}); trying without", error.what());
      rendered = chat->render({messages.back()});
    }
    if (!*shown) base::debug("system prompt: {}; first calibration prompt: {}", prompt, rendered);
    *shown = true;
    return rendered;
  };
}

/// Joins rows into rows of exactly seqlen. A leading BOS and a trailing EOS are taken off and, once
/// seen, put around every joined row. What is left over at the end is dropped.
class Joiner {
 public:
  Joiner(const TokenizerConfig& config, std::size_t seqlen) : config_(config), seqlen_(seqlen) {}

  void add(const Row& row, Rows& out) {
    auto begin = row.begin();
    auto end = row.end();
    if (begin != end && config_.bos_id == *begin) {
      ++begin;
      bos_ = true;
    }
    if (begin != end && config_.eos_id == *(end - 1)) {
      --end;
      eos_ = true;
    }
    buffer_.insert(buffer_.end(), begin, end);
    while (buffer_.size() >= room()) emit(out);
  }

 private:
  std::size_t room() const { return std::max<std::size_t>(seqlen_ - std::min<std::size_t>(seqlen_, bos_ + eos_), 1); }

  void emit(Rows& out) {
    const auto taken = buffer_.begin() + static_cast<std::ptrdiff_t>(room());
    Row row;
    if (bos_) row.push_back(*config_.bos_id);
    row.insert(row.end(), buffer_.begin(), taken);
    if (eos_) row.push_back(*config_.eos_id);
    buffer_.erase(buffer_.begin(), taken);
    out.push_back(std::move(row));
  }

  const TokenizerConfig& config_;
  std::size_t seqlen_;
  Row buffer_;
  bool bos_ = false;
  bool eos_ = false;
};

bool is_usable(const Row& row, std::size_t seqlen) {
  return row.size() >= seqlen && (row.size() <= 1 || seqlen <= 2 || !repeats_last_token(row));
}

}  // namespace

bool repeats_last_token(const Row& row) {
  return static_cast<std::size_t>(std::count(row.begin(), row.end(), row.back())) > row.size() / 2;
}

Rows make_rows(const std::vector<std::string>& texts, const SourceSpec& source, const Tokenizer& tokenizer,
               std::size_t seqlen, std::size_t limit) {
  const auto render = source.apply_chat_template ? make_chat_render(source, tokenizer) : Render();
  Joiner joiner(tokenizer.config(), seqlen);
  Rows rows;
  Rows candidates;
  for (const auto& text : texts) {
    candidates.clear();
    auto row = tokenizer.encode(render ? render(text) : text, true, seqlen);
    if (source.concat) {
      joiner.add(row, candidates);
    } else {
      candidates.push_back(std::move(row));
    }
    for (auto& candidate : candidates) {
      candidate.resize(std::min(candidate.size(), seqlen));
      if (is_usable(candidate, seqlen)) rows.push_back(std::move(candidate));
      if (rows.size() == limit) return rows;
    }
  }
  return rows;
}

}  // namespace ar::calib
