/* What a plugin written in C needs again and again: failing with a text, and reading the plan without a JSON library.
 * Static functions only; they add nothing to the boundary. */
#ifndef AR_C_HELPERS_H
#define AR_C_HELPERS_H

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ar/abi.h"

/* Fills *err (may be null) as printf does and returns the code. The text is cut on a UTF-8 character boundary. */
static inline ar_status ar_fail(ar_error* err, ar_status code, const char* format, ...) {
  if (err != NULL) {
    va_list values;
    va_start(values, format);
    const int n = vsnprintf(err->text, sizeof(err->text), format, values);
    va_end(values);
    err->code = code;
    if (n >= (int)sizeof(err->text)) {
      size_t end = sizeof(err->text) - 1;
      while (end > 0 && ((unsigned char)err->text[end - 1] & 0xC0) == 0x80) --end; /* the tail of a character */
      if (end > 0 && (unsigned char)err->text[end - 1] >= 0xC0) --end;             /* its first byte */
      err->text[end] = '\0';
    }
  }
  return code;
}

static inline const char* ar_json_blank(const char* p) {
  while (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r') ++p;
  return p;
}

/* The place behind the value that starts at p; null when the text ends too early. */
static inline const char* ar_json_end(const char* p) {
  int depth = 0;
  do {
    if (*p == '\0') return NULL;
    if (*p == '"') {
      for (++p; *p != '"'; ++p) {
        if (*p == '\\') ++p;
        if (*p == '\0') return NULL;
      }
      ++p;
    } else if (*p == '{' || *p == '[') {
      ++depth;
      ++p;
    } else if (*p == '}' || *p == ']') {
      --depth;
      ++p;
    } else if (depth == 0) {
      return p + strcspn(p, ",]} \t\n\r");
    } else {
      ++p;
    }
  } while (depth > 0);
  return p;
}

/* The text of a member of the JSON object at `object`, as it stands there; null when there is none. */
static inline const char* ar_json_member(const char* object, const char* key, size_t* length) {
  const size_t key_length = strlen(key);
  const char* p = ar_json_blank(object);
  if (*p != '{') return NULL;
  for (p = ar_json_blank(p + 1); *p == '"'; p = ar_json_blank(p + 1)) {
    const char* name = p + 1;
    const char* name_end = ar_json_end(p);
    if (name_end == NULL || *(p = ar_json_blank(name_end)) != ':') return NULL;
    const char* value = ar_json_blank(p + 1);
    const char* value_end = ar_json_end(value);
    if (value_end == NULL) return NULL;
    if ((size_t)(name_end - 1 - name) == key_length && memcmp(name, key, key_length) == 0) {
      *length = (size_t)(value_end - value);
      return value;
    }
    p = ar_json_blank(value_end);
    if (*p != ',') return NULL;
  }
  return NULL;
}

/* For plugins without options: AR_OK when the plan's "options" is there and empty. */
static inline ar_status ar_refuse_options(const char* plan_json, ar_error* err) {
  size_t length = 0;
  const char* options = ar_json_member(plan_json, "options", &length);
  if (options == NULL || *options != '{') {
    return ar_fail(err, AR_INVALID_ARGUMENT, "the plan is no JSON object with an object named 'options'");
  }
  const char* first = ar_json_blank(options + 1);
  if (*first == '}') return AR_OK;
  const char* end = ar_json_end(first);
  return ar_fail(err, AR_INVALID_ARGUMENT, "unknown option %.*s: this format takes none", (int)(end - first), first);
}

#endif /* AR_C_HELPERS_H */
