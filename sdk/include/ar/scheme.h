/* A quantization scheme as plain data (data_types.md 1.1). */
#ifndef AR_SCHEME_H
#define AR_SCHEME_H

#include "ar/abi.h"

#ifdef __cplusplus
extern "C" {
#endif

/* group_size_rows is 0 unless the group is a 2-D block (rows x group_size columns).
 * bits >= 16: the weight is left alone; act_bits >= 16: activations are left alone, or rounded to the type that
 * act_data_type names, "float16" or "bfloat16". "q8_0", "q8_1" and "q8_k" round as ggml does: codes of -127 to 127 in groups
 * of act_group_size, with scales in float16, float16 and float32; "q8_1" has sums of groups too, for asymmetric
 * integers in the same groups. */
typedef struct ar_scheme {
  size_t struct_size;
  const char *name; /* preset name, upper case; "" when the fields match none */
  int32_t bits;
  int32_t group_size;      /* > 0 columns a group, -1 one group a row, 0 one group a tensor */
  int32_t group_size_rows; /* 2-D blocks only */
  int32_t sym;             /* 0 or 1 */
  const char *data_type;   /* "int", "mx_fp", "nv_fp", "fp" ... */
  int32_t act_bits;
  int32_t act_group_size;
  int32_t act_sym;
  int32_t act_dynamic;
  const char *act_data_type;
  int32_t super_bits; /* 0 = none */
  int32_t super_group_size;
} ar_scheme;

#ifdef __cplusplus
}
#endif
#endif /* AR_SCHEME_H */
