#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <boost/json/object.hpp>

#include "ar/scheme.h"

namespace ar::gguf {

/// Element types; the numbers are those of the file.
enum class Type : uint32_t {
  kF32 = 0,
  kF16 = 1,
  kQ4_0 = 2,
  kQ4_1 = 3,
  kQ5_0 = 6,
  kQ5_1 = 7,
  kQ8_0 = 8,
  kQ2_K = 10,
  kQ3_K = 11,
  kQ4_K = 12,
  kQ5_K = 13,
  kQ6_K = 14,
  kBF16 = 30,
};

/// What a type stores, and the scheme that makes it (formats.md 6.4). Floats have group_size 0.
struct TypeInfo {
  Type type;
  const char* name;  // "Q4_K"
  int64_t block_elements;
  int64_t block_bytes;
  int bits;
  int group_size;
  bool sym;
  const char* data_type;
  int super_bits;         // 0: one level of scales
  int super_group_size;   // groups a block

  bool quantized() const { return group_size != 0; }
  bool two_level() const { return super_bits != 0; }
  int64_t row_bytes(int64_t elements) const { return elements / block_elements * block_bytes; }
};

const TypeInfo& info(Type type);
/// Null for a number this program does not know.
const TypeInfo* find_type(uint32_t number);
/// The type that stores a scheme; nothing when there is none.
std::optional<Type> type_of(const ar_scheme& scheme);
std::optional<Type> type_of(const boost::json::object& scheme);
/// The scheme of a quantized type, as `choose_schemes` gives it.
boost::json::object scheme_json(Type type);

/// A mixture of types: what a format name asks for and what general.file_type says.
struct FileType {
  const char* format;  // "gguf:q4_k_m"
  const char* label;   // "Q4_K_M"; in the file's name
  uint32_t number;
  Type base;
  const char* scheme;  // preset of the base type
};

/// Throws AR_UNSUPPORTED with the list of names.
const FileType& file_type(const std::string& format);

}  // namespace ar::gguf
