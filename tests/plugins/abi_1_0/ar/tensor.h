/* Tensors at the plugin boundary: a name, a DLPack view, the true element type. */
#ifndef AR_TENSOR_H
#define AR_TENSOR_H

#include "ar/abi.h"
#include "dlpack/dlpack.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Element types. Float formats below 16 bits and packed bits travel as uint8 views with the type here.
 * Never renumbered. */
typedef int32_t ar_dtype;
enum {
  AR_DTYPE_BOOL = 1,
  AR_DTYPE_U8 = 2,
  AR_DTYPE_I8 = 3,
  AR_DTYPE_I16 = 4,
  AR_DTYPE_I32 = 5,
  AR_DTYPE_I64 = 6,
  AR_DTYPE_F16 = 7,
  AR_DTYPE_BF16 = 8,
  AR_DTYPE_F32 = 9,
  AR_DTYPE_F64 = 10,
  AR_DTYPE_F8_E4M3 = 11, /* e4m3fn, one byte each */
  AR_DTYPE_F8_E5M2 = 12,
  AR_DTYPE_F8_E8M0 = 13, /* power-of-two scale byte */
  AR_DTYPE_F4_E2M1 = 14, /* one code a byte, 0..15 */
  AR_DTYPE_U16 = 15,
  AR_DTYPE_U32 = 16,
  AR_DTYPE_U64 = 17
};

/* A read-only borrowed view. For format plugins: CPU memory, row-major and contiguous, strides always filled in,
 * byte_offset 0, aligned to the element type only. */
typedef struct ar_tensor {
  size_t struct_size;
  const char *name; /* UTF-8; lives as long as the view */
  ar_dtype dtype;
  DLTensor view;
} ar_tensor;

#ifdef __cplusplus
}
/* LibTorch ships an older DLPack header under the same include guard; both must agree on the view. */
static_assert(sizeof(void *) != 8 || sizeof(DLTensor) == 48, "DLTensor layout");
static_assert(sizeof(void *) != 8 || offsetof(DLTensor, shape) == 24, "DLTensor.shape");
static_assert(sizeof(void *) != 8 || offsetof(DLTensor, byte_offset) == 40, "DLTensor.byte_offset");
#endif
#endif /* AR_TENSOR_H */
