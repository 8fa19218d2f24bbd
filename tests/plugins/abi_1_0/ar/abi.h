/* SDK version, status codes, errors. Compiles as C99 and C++17. */
#ifndef AR_ABI_H
#define AR_ABI_H

#include <stddef.h>
#include <stdint.h>

/* A plugin is accepted when its major number equals the host's and its minor number is not above it.
 * A minor version only appends fields and functions; anything else is a new major.
 * 1.0  first version. */
#define AR_SDK_MAJOR 1
#define AR_SDK_MINOR 0

#if defined(__GNUC__) || defined(__clang__)
#define AR_EXPORT __attribute__((visibility("default")))
#else
#define AR_EXPORT
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* What a fallible function returns. Never renumbered. */
typedef int32_t ar_status;
enum {
  AR_OK = 0,
  AR_INVALID_ARGUMENT = 1, /* the caller's value is wrong: name it, and what is accepted */
  AR_UNSUPPORTED = 2,      /* a correct request this plugin cannot serve */
  AR_NOT_FOUND = 3,
  AR_IO = 4,
  AR_OUT_OF_MEMORY = 5,
  AR_INCOMPATIBLE = 6, /* built for something else */
  AR_CANCELLED = 7,
  AR_INTERNAL = 8 /* a bug in the plugin */
};

/* Filled by the callee of a failing call; owned by the caller; may be null. The text is UTF-8, zero-terminated,
 * truncated on a character boundary, and says what was wrong, with which value, and what is accepted. */
typedef struct ar_error {
  ar_status code;
  char text[1020];
} ar_error;

#ifdef __cplusplus
}
#endif
#endif /* AR_ABI_H */
