/* A format in plain C: every plane of a quantized layer as a tensor of its own (<layer>.codes, .scale, .zero_point),
 * next to the unquantized tensors, and raw_planes.json with the scheme. For tools that want the numbers, not a packing.
 */
#include <stdlib.h>

#include "ar/c/helpers.h"
#include "ar/format.h"

struct ar_writer {
  const ar_target* target;
  char* plan;
};

static const char* const kPlanes[] = {"codes", "scale", "zero_point", NULL};

static ar_status check(const char* format, const ar_scheme* scheme, ar_error* err) {
  if (strcmp(format, "raw_planes") != 0) {
    return ar_fail(err, AR_UNSUPPORTED, "format '%s': accepted is raw_planes, without a colon", format);
  }
  if (scheme->bits < 16 && strncmp(scheme->data_type, "int", 3) != 0) {
    return ar_fail(err, AR_UNSUPPORTED, "data_type '%s': raw_planes stores integers only", scheme->data_type);
  }
  if (scheme->bits < 16 && scheme->bits > 8) {
    return ar_fail(err, AR_UNSUPPORTED, "bits %d: raw_planes stores codes in bytes", (int)scheme->bits);
  }
  if (scheme->act_bits < 16 || scheme->super_bits != 0) {
    return ar_fail(err, AR_UNSUPPORTED, "raw_planes stores neither activation scales nor two-level scales");
  }
  return AR_OK;
}

static ar_status resolve(const char* format, const char* plan_json, char* out, size_t capacity, ar_error* err) {
  (void)plan_json;
  if (strlen(format) >= capacity) return ar_fail(err, AR_INVALID_ARGUMENT, "no room for the name '%s'", format);
  strcpy(out, format);
  return AR_OK;
}

static void close_writer(ar_writer* writer) {
  if (writer == NULL) return;
  free(writer->plan);
  free(writer);
}

static ar_status open_writer(const ar_host* host, const char* plan_json, const ar_target* target, ar_writer** writer,
                             ar_error* err) {
  (void)host;
  *writer = NULL;
  const ar_status status = ar_refuse_options(plan_json, err);
  if (status != AR_OK) return status;
  ar_writer* w = (ar_writer*)calloc(1, sizeof(ar_writer));
  if (w != NULL) w->plan = (char*)malloc(strlen(plan_json) + 1);
  if (w == NULL || w->plan == NULL) {
    close_writer(w);
    return ar_fail(err, AR_OUT_OF_MEMORY, "out of memory");
  }
  w->target = target;
  strcpy(w->plan, plan_json);
  *writer = w;
  return AR_OK;
}

static size_t element_bytes(ar_dtype dtype) {
  switch (dtype) {
    case AR_DTYPE_I16:
    case AR_DTYPE_U16:
    case AR_DTYPE_F16:
    case AR_DTYPE_BF16: return 2;
    case AR_DTYPE_I32:
    case AR_DTYPE_U32:
    case AR_DTYPE_F32: return 4;
    case AR_DTYPE_I64:
    case AR_DTYPE_U64:
    case AR_DTYPE_F64: return 8;
    default: return 1;
  }
}

/* A tensor under a new name; whatever fails is the sink's own failure. */
static ar_status store(const ar_sink* sink, const char* name, const ar_tensor* tensor, ar_error* err) {
  size_t n_bytes = element_bytes(tensor->dtype);
  for (int32_t i = 0; i < tensor->view.ndim; ++i) n_bytes *= (size_t)tensor->view.shape[i];
  void* handle = NULL;
  ar_status status = sink->begin(sink->ctx, name, tensor->dtype, tensor->view.shape, tensor->view.ndim, &handle, err);
  if (status != AR_OK) return status;
  status = sink->write(sink->ctx, handle, tensor->view.data, n_bytes, err);
  const ar_status ended = sink->end(sink->ctx, handle, status == AR_OK ? err : NULL);
  return status != AR_OK ? status : ended;
}

static const ar_tensor* find(const ar_tensor* tensors, size_t n, const char* name) {
  for (size_t i = 0; i < n; ++i) {
    if (strcmp(tensors[i].name, name) == 0) return &tensors[i];
  }
  return NULL;
}

static int join(char* out, size_t capacity, const char* layer, const char* plane) {
  return (size_t)snprintf(out, capacity, "%s.%s", layer, plane) < capacity;
}

static ar_status pack(const ar_writer* writer, const ar_layer* layer, const ar_sink* sink, ar_error* err) {
  (void)writer;
  char name[1024];
  for (const char* const* plane = kPlanes; *plane != NULL; ++plane) {
    const ar_tensor* tensor = find(layer->planes, layer->n_planes, *plane);
    if (tensor == NULL && strcmp(*plane, "zero_point") == 0 && layer->scheme->sym) continue;
    if (tensor == NULL)
      return ar_fail(err, AR_INVALID_ARGUMENT, "layer '%s' comes without the plane '%s'", layer->name, *plane);
    if (!join(name, sizeof(name), layer->name, *plane))
      return ar_fail(err, AR_INVALID_ARGUMENT, "layer '%s': the name is too long", layer->name);
    const ar_status status = store(sink, name, tensor, err);
    if (status != AR_OK) return status;
  }
  if (layer->bias == NULL) return AR_OK;
  if (!join(name, sizeof(name), layer->name, "bias"))
    return ar_fail(err, AR_INVALID_ARGUMENT, "layer '%s': the name is too long", layer->name);
  return store(sink, name, layer->bias, err);
}

static ar_status unpack(const ar_writer* writer, const ar_layer* layer, const ar_tensor* tensors, size_t n_tensors,
                        const ar_sink* sink, ar_error* err) {
  (void)writer;
  const size_t prefix = strlen(layer->name) + 1;
  for (size_t i = 0; i < n_tensors; ++i) {
    if (strncmp(tensors[i].name, layer->name, prefix - 1) != 0 || tensors[i].name[prefix - 1] != '.') continue;
    const ar_status status = store(sink, tensors[i].name + prefix, &tensors[i], err);
    if (status != AR_OK) return status;
  }
  return AR_OK;
}

static ar_status add(ar_writer* writer, const ar_tensor* tensor, ar_error* err) {
  return store(writer->target->sink, tensor->name, tensor, err);
}

static ar_status write_member(ar_writer* writer, const char* key, const char* file, ar_error* err) {
  size_t length = 0;
  const char* text = ar_json_member(writer->plan, key, &length);
  if (text == NULL) return ar_fail(err, AR_INVALID_ARGUMENT, "the plan has no '%s'", key);
  return writer->target->write_file(writer->target->ctx, file, text, length, err);
}

static ar_status finish(ar_writer* writer, ar_error* err) {
  const ar_status status = write_member(writer, "config", "config.json", err);
  return status != AR_OK ? status : write_member(writer, "quantization", "raw_planes.json", err);
}

static const ar_format_api api = {
    .struct_size = sizeof(ar_format_api),
    .check = check,
    .resolve = resolve,
    .open = open_writer,
    .pack = pack,
    .add = add,
    .finish = finish,
    .close = close_writer,
    .unpack = unpack,
};
static const char* const capabilities[] = {"W4A16", "W2A16", "W3A16", "W8A16", "W2A16G64", "W2A16G32", "BF16", NULL};
static const ar_plugin_desc desc = {sizeof(ar_plugin_desc),
                                    AR_SDK_MAJOR,
                                    AR_SDK_MINOR,
                                    AR_KIND_FORMAT,
                                    0,
                                    "raw_planes",
                                    NULL,
                                    "Codes, scales and zero points as tensors of their own",
                                    "1.0",
                                    "",
                                    capabilities,
                                    &api};
AR_PLUGIN(raw_planes, &desc)
