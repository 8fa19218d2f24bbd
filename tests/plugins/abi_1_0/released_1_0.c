/* A format plugin as somebody built it against SDK 1.0. The sizes are those of 1.0 on 64-bit machines. */
#include <string.h>

#include "ar/format.h"

typedef char desc_has_80_bytes[sizeof(ar_plugin_desc) == 80 ? 1 : -1];
typedef char table_has_88_bytes[sizeof(ar_format_api) == 88 ? 1 : -1];
typedef char error_has_1024_bytes[sizeof(ar_error) == 1024 ? 1 : -1];

static ar_status check(const char* format, const ar_scheme* scheme, ar_error* err) {
  (void)format, (void)scheme, (void)err;
  return AR_OK;
}
static ar_status resolve(const char* format, const char* plan_json, char* out, size_t capacity, ar_error* err) {
  (void)plan_json, (void)err;
  if (strlen(format) >= capacity) return AR_INVALID_ARGUMENT;
  strcpy(out, format);
  return AR_OK;
}
static ar_status open_writer(const ar_host* host, const char* plan_json, const ar_target* target, ar_writer** writer,
                             ar_error* err) {
  (void)host, (void)plan_json, (void)target, (void)err;
  *writer = NULL;
  return AR_OK;
}
static ar_status pack(const ar_writer* writer, const ar_layer* layer, const ar_sink* sink, ar_error* err) {
  (void)writer, (void)layer, (void)sink, (void)err;
  return AR_OK;
}
static ar_status add(ar_writer* writer, const ar_tensor* tensor, ar_error* err) {
  (void)writer, (void)tensor, (void)err;
  return AR_OK;
}
static ar_status finish(ar_writer* writer, ar_error* err) {
  (void)writer, (void)err;
  return AR_OK;
}
static void close_writer(ar_writer* writer) { (void)writer; }

static const ar_format_api api = {sizeof(ar_format_api), check, resolve, open_writer, pack, add, finish,
                                  close_writer,          NULL,  NULL,    NULL};
static const ar_plugin_desc desc = {sizeof(ar_plugin_desc),  1,     0,  AR_KIND_FORMAT, 0,   "released_1_0", NULL,
                                    "Built against SDK 1.0", "1.0", "", NULL,           &api};
AR_PLUGIN(released_1_0, &desc)
