/* The descriptor every plugin exports. One shared object is one plugin of one kind: <id>.format.so, <id>.device.so,
 * <id>.model.so. */
#ifndef AR_PLUGIN_H
#define AR_PLUGIN_H

#include "ar/abi.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef int32_t ar_kind;
enum { AR_KIND_FORMAT = 1, AR_KIND_DEVICE = 2, AR_KIND_MODEL = 3 };

/* Constant data for the whole process. Every pointer but `aliases` and `capabilities` is mandatory and non-null. */
typedef struct ar_plugin_desc {
  size_t struct_size;
  int32_t sdk_major; /* AR_SDK_MAJOR */
  int32_t sdk_minor; /* AR_SDK_MINOR */
  ar_kind kind;
  uint32_t flags;             /* 0 */
  const char *id;             /* equals the file name up to the first dot */
  const char *const *aliases; /* null-terminated list of further ids, or null */
  const char *title;          /* one line */
  const char *version;        /* the plugin's own */
  const char *build_tag;      /* "" unless LibTorch is linked */
  /* null-terminated list, or null: scheme names for formats, dtypes and features for devices, architecture names for
   * models. For listing and quick choice only; check, probe and match decide.
   * Formats: "*" alone means every scheme; "auto_round:auto_awq=W4A16,BF16" lists what one alias stores, where that
   * differs from the plain items. */
  const char *const *capabilities;
  const void *api; /* ar_format_api, ar_device_api or ar_model_api */
} ar_plugin_desc;

/* The one exported symbol: takes nothing, does nothing, cannot fail. */
typedef const ar_plugin_desc *(*ar_plugin_entry_fn)(void);

/* AR_PLUGIN(id, desc) emits the entry. Linked in, it carries the id (dashes are not allowed in ids). */
#ifdef __cplusplus
#define AR_EXTERN_C extern "C"
#else
#define AR_EXTERN_C
#endif
#ifdef AR_STATIC_PLUGIN
#define AR_PLUGIN(id, desc)                                              \
  AR_EXTERN_C const ar_plugin_desc *ar_plugin_entry_##id(void);          \
  AR_EXTERN_C const ar_plugin_desc *ar_plugin_entry_##id(void) { return (desc); }
#else
#define AR_PLUGIN(id, desc)                                              \
  AR_EXTERN_C AR_EXPORT const ar_plugin_desc *ar_plugin_entry(void);     \
  AR_EXTERN_C AR_EXPORT const ar_plugin_desc *ar_plugin_entry(void) { return (desc); }
#endif

#ifdef __cplusplus
}
#endif
#endif /* AR_PLUGIN_H */
