/* Model adapters, C part. The rest is C++ (ar/torch/model_arch.hpp): blocks must be differentiated through. */
#ifndef AR_MODEL_H
#define AR_MODEL_H

#include "ar/plugin.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ar_model_api {
  size_t struct_size;
  /* [any] Score of this adapter for a config.json (UTF-8 text); 0 = not mine, 100 = its own model_type. */
  int32_t (*match)(const char *config_json);
  /* [any] The C++ interface, an ar::ModelArch that lives forever. */
  void *(*arch)(void);
} ar_model_api;

#ifdef __cplusplus
}
#endif
#endif /* AR_MODEL_H */
