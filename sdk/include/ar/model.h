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
  /* Optional, [any]: a model in a file of a format family ("gguf"), described by its open_source (ar/format.h). `take`
   * is called once with a JSON object {"config": a config.json, "tensors": [{"source": name in checkpoints, "shape", and
   * what read_source wants to know}]}. AR_NOT_FOUND when the model is another adapter's. */
  ar_status (*import_file)(const char *family, const char *description_json, void *ctx,
                      ar_status (*take)(void *ctx, const char *json, size_t n_bytes), ar_error *err);
} ar_model_api;

#ifdef __cplusplus
}
#endif
#endif /* AR_MODEL_H */
