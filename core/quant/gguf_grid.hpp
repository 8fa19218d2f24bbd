#pragma once

#include <cstdint>

#include "core/quant/scheme.hpp"

namespace ar::quant {

/// Columns of a super-block of GGUF's K types.
constexpr int64_t kSuperBlock = 256;
/// Groups of a super-block and elements of a group, at most.
constexpr int64_t kMaxGroups = 16;
constexpr int64_t kMaxGroup = 32;

/// How a matrix is cut into the super-blocks of a K type (data_types.md 9.1), and the levels of its elements and of its
/// scales. Plain numbers, validated by make_k_grid.
struct KGrid {
  int bits = 4;
  bool sym = false;
  int64_t rows = 0;
  int64_t cols = 0;  // a multiple of kSuperBlock

  int64_t group() const { return bits == 4 || bits == 5 ? 32 : 16; }
  int64_t groups() const { return kSuperBlock / group(); }  // a super-block
  int64_t supers() const { return cols / kSuperBlock; }     // a row
  float half() const { return static_cast<float>(1 << (bits - 1)); }
  float top() const { return static_cast<float>((1 << bits) - 1); }
  int super_bits() const { return bits == 2 ? 4 : bits == 6 ? 8 : 6; }
  /// Scale codes are 0 .. super_top, or -super_top .. super_top - 1 when sym.
  float super_top() const { return static_cast<float>(sym ? 1 << (super_bits() - 1) : (1 << super_bits()) - 1); }
};

/// True for the two-level types of GGUF: int_asym_dq of 2, 4 and 5 bits (Q2_K, Q4_K, Q5_K), int_sym_dq of 3 and 6
/// (Q3_K, Q6_K).
bool is_k_type(const Scheme& scheme);

/// The super-blocks of a weight [out, in]. Refuses shapes and group sizes that K types do not have.
KGrid make_k_grid(const Scheme& scheme, int64_t out, int64_t in);

}  // namespace ar::quant
