#include "core/calib/tokenizer/wordpiece.hpp"

#include "core/calib/tokenizer/utf8.hpp"

namespace ar::calib {

WordPiece::WordPiece(const base::JsonCursor& json)
    : vocabulary_(Vocabulary::parse(json.at("vocab"))),
      prefix_(json.get_string("continuing_subword_prefix")),
      max_chars_(json.get_int("max_input_chars_per_word")) {
  const auto unk = json.at("unk_token");
  const auto id = vocabulary_.id_of(unk.as_string());
  if (!id) unk.fail("is not in the vocabulary");
  unk_id_ = *id;
}

void WordPiece::encode(std::string_view piece, std::vector<std::int32_t>& ids) const {
  const auto first = ids.size();
  bool known = static_cast<std::int64_t>(count_code_points(piece)) <= max_chars_;
  std::string candidate;
  for (std::size_t begin = 0; known && begin < piece.size();) {
    known = false;
    for (std::size_t end = piece.size(); end > begin && !known; previous_code_point(piece, end)) {
      candidate = begin > 0 ? prefix_ : std::string();
      candidate += piece.substr(begin, end - begin);
      const auto id = vocabulary_.id_of(candidate);
      if (!id) continue;
      ids.push_back(*id);
      begin = end;
      known = true;
      break;
    }
  }
  if (known) return;
  ids.resize(first);
  ids.push_back(unk_id_);
}

}  // namespace ar::calib
