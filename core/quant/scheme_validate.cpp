#include "core/base/error.hpp"
#include "core/base/log.hpp"
#include "core/quant/scheme.hpp"

namespace ar::quant {
namespace {

bool contains(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }
bool is_fp(const std::string& type) { return type.compare(0, 2, "fp") == 0; }

void check_bits(int bits, const char* what, const std::string& where) {
  if (bits <= 0) base::refuse("{}: {} is {}; it must be positive", where, what, bits);
  if (bits > 8 && bits < 16) {
    base::refuse("{}: {} is {}; 1 to 8 quantize, 16 leaves the numbers as they are", where, what, bits);
  }
}

void check_group_size(int64_t size, const char* what, const std::string& where) {
  if (size >= -1) return;
  base::refuse(
      "{}: {} is {}; it must be positive (columns a group), -1 (one group a row), 0 (one group a tensor) or "
      "two positive numbers (a block of rows and columns)",
      where, what, size);
}

void check_blocks(const Scheme& s, const std::string& where) {
  if (s.group_size_rows == 0) return;
  if (s.group_size_rows < 0 || s.group_size <= 0) {
    base::refuse("{}: group_size {},{}; both parts must be positive", where, s.group_size_rows, s.group_size);
  }
  if (!is_fp(s.data_type) || s.bits != 8) {
    base::refuse("{}: group_size {},{} with data_type {} and {} bits; blocks are for fp8 weights only", where,
                 s.group_size_rows, s.group_size, s.data_type, s.bits);
  }
  if (!s.act_dynamic || !is_fp(s.act_data_type) || s.act_bits != 8) {
    base::refuse("{}: fp8 weights in blocks of {},{} need dynamic fp8 activations; they are {} {} with {} bits", where,
                 s.group_size_rows, s.group_size, s.act_dynamic ? "dynamic" : "static", s.act_data_type, s.act_bits);
  }
}

/// Activation types that some real format can store.
bool act_is_deployable(const Scheme& s) {
  if (contains(s.act_data_type, "static_gs") || contains(s.act_data_type, "mx_")) return true;
  const bool int8 = s.act_data_type == "int" && s.act_bits == 8 && s.data_type == "int" && s.bits == 8 && s.act_dynamic;
  const bool fp8 = is_fp(s.act_data_type) && s.act_bits == 8 && is_fp(s.data_type) && s.bits == 8;
  return int8 || fp8;
}

void warn_experimental(const Scheme& s) {
  if (s.act_bits <= 8 && !act_is_deployable(s)) {
    base::warning_once("activations of {} bits, type {}: experimental, export with --format fake", s.act_bits,
                       s.act_data_type);
  }
  if (s.act_bits <= 8 && !s.act_dynamic && s.act_data_type == "int") {
    base::warning_once(
        "static activations of type int: every call finds its own ranges all the same, as upstream's do");
  }
  if (contains(s.data_type, "mx_fp") && s.bits <= 8 && s.group_size != 32) {
    base::warning_once("data type {} with group_size {}: real deployment supports 32 only", s.data_type, s.group_size);
  }
  if (contains(s.data_type, "nv_fp") && s.bits <= 8 && s.group_size != 16) {
    base::warning_once("data type {} with group_size {}: real deployment supports 16 only", s.data_type, s.group_size);
  }
}

}  // namespace

void validate(const Scheme& s, const std::string& where) {
  check_bits(s.bits, "bits", where);
  check_bits(s.act_bits, "act_bits", where);
  check_group_size(s.group_size, "group_size", where);
  check_group_size(s.act_group_size, "act_group_size", where);
  check_blocks(s, where);
  warn_experimental(s);
}

}  // namespace ar::quant
