/* The smallest plugin: a format that stores nothing but a count. Useful to time a run without its output. */
#include <stdlib.h>

#include "ar/c/helpers.h"
#include "ar/format.h"

struct ar_writer {
  const ar_target* target;
  long n_tensors;
};

static ar_status check(const char* format, const ar_scheme* scheme, ar_error* err) {
  (void)scheme;
  if (strcmp(format, "null_format") == 0) return AR_OK;
  return ar_fail(err, AR_UNSUPPORTED, "format '%s': accepted is null_format, without a colon", format);
}

static ar_status resolve(const char* format, const char* plan_json, char* out, size_t capacity, ar_error* err) {
  (void)plan_json;
  if (strlen(format) >= capacity) return ar_fail(err, AR_INVALID_ARGUMENT, "no room for the name '%s'", format);
  strcpy(out, format);
  return AR_OK;
}

static ar_status open_writer(const ar_host* host, const char* plan_json, const ar_target* target, ar_writer** writer,
                             ar_error* err) {
  (void)host;
  *writer = NULL;
  const ar_status status = ar_refuse_options(plan_json, err);
  if (status != AR_OK) return status;
  *writer = (ar_writer*)calloc(1, sizeof(ar_writer));
  if (*writer == NULL) return ar_fail(err, AR_OUT_OF_MEMORY, "out of memory");
  (*writer)->target = target;
  return AR_OK;
}

static ar_status pack(const ar_writer* writer, const ar_layer* layer, const ar_sink* sink, ar_error* err) {
  (void)writer, (void)layer, (void)sink, (void)err;
  return AR_OK;
}

static ar_status add(ar_writer* writer, const ar_tensor* tensor, ar_error* err) {
  (void)tensor, (void)err;
  ++writer->n_tensors;
  return AR_OK;
}

static ar_status finish(ar_writer* writer, ar_error* err) {
  char text[64];
  const int n = snprintf(text, sizeof(text), "{\"unquantized_tensors\": %ld}\n", writer->n_tensors);
  return writer->target->write_file(writer->target->ctx, "null_format.json", text, (size_t)n, err);
}

static void close_writer(ar_writer* writer) { free(writer); }

static const ar_format_api api = {
    .struct_size = sizeof(ar_format_api),
    .check = check,
    .resolve = resolve,
    .open = open_writer,
    .pack = pack,
    .add = add,
    .finish = finish,
    .close = close_writer,
};
static const char* const capabilities[] = {"*", NULL};
static const ar_plugin_desc desc = {sizeof(ar_plugin_desc),
                                    AR_SDK_MAJOR,
                                    AR_SDK_MINOR,
                                    AR_KIND_FORMAT,
                                    0,
                                    "null_format",
                                    NULL,
                                    "Stores nothing; for timing a run",
                                    "1.0",
                                    "",
                                    capabilities,
                                    &api};
AR_PLUGIN(null_format, &desc)
