/* Devices. Tier C for those that only enumerate; one that links LibTorch carries the build tag. */
#ifndef AR_DEVICE_H
#define AR_DEVICE_H

#include "ar/plugin.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ar_device_info {
  size_t struct_size;
  char name[256];       /* "AMD EPYC ..." */
  char device[32];      /* LibTorch's device string: "cpu", "cuda:0" */
  uint64_t total_bytes; /* memory of the device; 0 = unknown */
  uint64_t free_bytes;
  const char *const *dtypes; /* null-terminated: dtypes it computes in, preferred one first */
  const char *note;          /* e.g. instruction sets; may be "" */
} ar_device_info;

typedef struct ar_device_api {
  size_t struct_size;
  /* [any] How many there are; 0 is no error. */
  int32_t (*count)(void);
  /* [any] Fills *info, whose struct_size the caller has set. */
  ar_status (*describe)(int32_t index, ar_device_info *info, ar_error *err);
  /* [any] AR_OK when usable here, else the reason. */
  ar_status (*probe)(ar_error *err);
  /* [any] Waits for the device's queue. */
  ar_status (*synchronize)(int32_t index, ar_error *err);
  /* [any] Gives cached memory back to the system. */
  ar_status (*release_cache)(int32_t index, ar_error *err);
  /* Optional, [any]: a further table by id ("ar.device.kernels/1"), null when absent. */
  const void *(*extension)(const char *id);
} ar_device_api;

#ifdef __cplusplus
}
#endif
#endif /* AR_DEVICE_H */
