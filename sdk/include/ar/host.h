/* Services the host lends to a plugin. */
#ifndef AR_HOST_H
#define AR_HOST_H

#include "ar/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Log levels; numbers as in the program's log. */
enum { AR_LOG_DEBUG = 10, AR_LOG_INFO = 20, AR_LOG_WARNING = 30, AR_LOG_ERROR = 40, AR_LOG_PLUGIN_BUG = 60 };

/* All functions take the table's own ctx first. The table lives until close of what it was given to. */
typedef struct ar_host {
  size_t struct_size;
  void *ctx;
  /* [any] One line for the user; no newline at its end. */
  void (*log)(void *ctx, int32_t level, const char *text);
  /* [any] Calls body(arg, begin, end) on slices of [0, count) on several threads and waits. body returns a status; the
   * first failure stops the rest and is returned. `grain` is the least slice worth a task. The slices depend on count
   * and grain alone, never on the number of threads. */
  ar_status (*parallel_for)(void *ctx, int64_t count, int64_t grain,
                            ar_status (*body)(void *arg, int64_t begin, int64_t end), void *arg);
  /* [any] 1 when the run is to stop; long loops ask once in a while and return AR_CANCELLED. */
  int32_t (*cancelled)(void *ctx);
  /* [serial] Work done and total, in units of the plugin's choice. */
  void (*progress)(void *ctx, const char *what, int64_t done, int64_t total);
  /* Optional, [any]: the ids of a text under the tokenizer of a model folder, special tokens added as the tokenizer
   * does. take is called once; what it returns is returned. AR_NOT_FOUND when the folder has no tokenizer. */
  ar_status (*tokenize)(void *ctx, const char *folder, const char *text, size_t n_bytes, void *arg,
                        ar_status (*take)(void *arg, const int64_t *ids, size_t n_ids), ar_error *err);
} ar_host;

/* Where named tensors go: the host hides shards and disk. Several may be open at a time. Data is row-major
 * little-endian; what is written must add up to the announced shape. */
typedef struct ar_sink {
  size_t struct_size;
  void *ctx;
  /* [any] Starts a tensor; *handle is valid until `end`. Fails with AR_INVALID_ARGUMENT on a repeated name. */
  ar_status (*begin)(void *ctx, const char *name, ar_dtype dtype, const int64_t *shape, int32_t ndim, void **handle,
                     ar_error *err);
  /* [any] Appends bytes to an open tensor; one call at a time per handle. */
  ar_status (*write)(void *ctx, void *handle, const void *bytes, size_t n_bytes, ar_error *err);
  /* [any] Ends the tensor and frees the handle, also after a failed write. AR_INVALID_ARGUMENT when bytes are missing. */
  ar_status (*end)(void *ctx, void *handle, ar_error *err);
} ar_sink;

/* The output folder of one format. Nothing gets its final name before the host commits the whole folder. */
typedef struct ar_target {
  size_t struct_size;
  void *ctx;
  /* [any] Tensors of the folder's safetensors shards; AR_UNSUPPORTED for a one-file format. Never null. */
  const ar_sink *sink;
  /* [serial] Writes a whole side file, e.g. "quantization_config.json"; a plain name without a directory. Replaces a
   * file of that name written or copied before. */
  ar_status (*write_file)(void *ctx, const char *name, const void *bytes, size_t n_bytes, ar_error *err);
  /* [serial] Streams a file of the format's own (GGUF). Seeks may go anywhere; what was never written reads as zeros. */
  ar_status (*file_open)(void *ctx, const char *name, void **file, ar_error *err);
  ar_status (*file_write)(void *ctx, void *file, const void *bytes, size_t n_bytes, ar_error *err);
  ar_status (*file_seek)(void *ctx, void *file, uint64_t offset, ar_error *err);
  ar_status (*file_close)(void *ctx, void *file, ar_error *err); /* frees the handle, also after an error */
} ar_target;

#ifdef __cplusplus
}
#endif
#endif /* AR_HOST_H */
