#include "sentencepiece.hpp"

#include <cstdint>
#include <cstring>

#include "ar/cpp/error.hpp"

namespace ar::gguf {
namespace {

/// The few parts of the protobuf wire format that a ModelProto uses.
class Message {
 public:
  explicit Message(std::string_view bytes) : bytes_(bytes) {}

  /// Moves to the next field; false at the end.
  bool next() {
    if (bytes_.empty()) return false;
    const uint64_t tag = varint();
    field_ = tag >> 3U;
    switch (tag & 7U) {
      case 0: number_ = varint(); break;
      case 1: value_ = take(8); break;
      case 2: value_ = take(varint()); break;
      case 5: value_ = take(4); break;
      default: torn();
    }
    return true;
  }
  uint64_t field() const { return field_; }
  uint64_t number() const { return number_; }
  std::string_view value() const { return value_; }

 private:
  [[noreturn]] static void torn() {
    throw Error(AR_INVALID_ARGUMENT, "tokenizer.model is no SentencePiece model: its fields do not fit its bytes");
  }
  uint64_t varint() {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const auto byte = static_cast<unsigned char>(take(1)[0]);
      value |= static_cast<uint64_t>(byte & 0x7FU) << shift;
      if (byte < 0x80U) return value;
    }
    torn();
  }
  std::string_view take(uint64_t n) {
    if (n > bytes_.size()) torn();
    const std::string_view part = bytes_.substr(0, n);
    bytes_.remove_prefix(n);
    return part;
  }

  std::string_view bytes_;
  uint64_t field_ = 0;
  uint64_t number_ = 0;
  std::string_view value_;
};

Piece read_piece(std::string_view bytes) {
  Piece piece;
  for (Message m(bytes); m.next();) {
    if (m.field() == 1) piece.text = m.value();
    if (m.field() == 2 && m.value().size() == sizeof piece.score)
      std::memcpy(&piece.score, m.value().data(), sizeof piece.score);
    if (m.field() == 3) piece.type = static_cast<int>(m.number());
  }
  return piece;
}

std::string varint(uint64_t value) {
  std::string bytes;
  for (; value >= 0x80U; value >>= 7U) bytes += static_cast<char>(value | 0x80U);
  return bytes + static_cast<char>(value);
}
std::string number_field(uint64_t field, uint64_t value) { return varint(field << 3U) + varint(value); }
std::string bytes_field(uint64_t field, const std::string& bytes) {
  return varint(field << 3U | 2U) + varint(bytes.size()) + bytes;
}

std::string piece_message(const Piece& piece) {
  std::string score(sizeof piece.score, '\0');
  std::memcpy(score.data(), &piece.score, sizeof piece.score);
  return bytes_field(1, piece.text) + varint(2U << 3U | 5U) + score + number_field(3, static_cast<uint64_t>(piece.type));
}

}  // namespace

std::vector<Piece> read_sentencepiece(std::string_view model) {
  std::vector<Piece> pieces;
  for (Message m(model); m.next();) {
    if (m.field() == 1) pieces.push_back(read_piece(m.value()));
  }
  if (pieces.empty()) throw Error(AR_INVALID_ARGUMENT, "tokenizer.model is no SentencePiece model: it has no pieces");
  return pieces;
}

std::string write_sentencepiece(const std::vector<Piece>& pieces, bool prefix) {
  std::string model;
  for (const Piece& piece : pieces) model += bytes_field(1, piece_message(piece));
  constexpr uint64_t kModelType = 3, kBpe = 2, kVocabSize = 4, kByteFallback = 35;  // fields of TrainerSpec
  model += bytes_field(2, number_field(kModelType, kBpe) + number_field(kVocabSize, pieces.size()) + number_field(kByteFallback, 1));
  constexpr uint64_t kName = 1, kAddDummyPrefix = 3, kRemoveExtraWhitespaces = 4;  // fields of NormalizerSpec
  return model + bytes_field(3, bytes_field(kName, "identity") + number_field(kAddDummyPrefix, prefix ? 1 : 0) +
                                    number_field(kRemoveExtraWhitespaces, 0));
}

}  // namespace ar::gguf
