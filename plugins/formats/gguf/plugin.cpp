#include "ar/plugin.h"
#include "writer.hpp"

namespace {

constexpr const char* kNames[] = {"gguf:q4_0",   "gguf:q4_1",   "gguf:q5_0",   "gguf:q5_1",       "gguf:q8_0",   "gguf:q2_k_s",
                                  "gguf:q3_k_s", "gguf:q3_k_m", "gguf:q3_k_l", "gguf:q4_k_s",     "gguf:q4_k_m", "gguf:q5_k_s",
                                  "gguf:q5_k_m", "gguf:q6_k",   "gguf:q2_k_mixed", nullptr};
constexpr const char* kSchemes[] = {"gguf:q4_0=GGUF:Q4_0",     "gguf:q4_1=GGUF:Q4_1",     "gguf:q5_0=GGUF:Q5_0",
                                    "gguf:q5_1=GGUF:Q5_1",     "gguf:q8_0=GGUF:Q8_0",     "gguf:q2_k_s=GGUF:Q2_K_S",
                                    "gguf:q3_k_s=GGUF:Q3_K_S", "gguf:q3_k_m=GGUF:Q3_K_M", "gguf:q3_k_l=GGUF:Q3_K_L",
                                    "gguf:q4_k_s=GGUF:Q4_K_S", "gguf:q4_k_m=GGUF:Q4_K_M", "gguf:q5_k_s=GGUF:Q5_K_S",
                                    "gguf:q5_k_m=GGUF:Q5_K_M", "gguf:q6_k=GGUF:Q6_K",     "gguf:q2_k_mixed=GGUF:Q2_K_MIXED",
                                    nullptr};

constexpr ar_plugin_desc kDesc = {
    sizeof(ar_plugin_desc),
    AR_SDK_MAJOR,
    AR_SDK_MINOR,
    AR_KIND_FORMAT,
    0,
    "gguf",
    kNames,
    "GGUF files for llama.cpp",
    "1.0.0",
    "",
    kSchemes,
    &ar::FormatPlugin<ar::gguf::Writer>::kApi};

}  // namespace

AR_PLUGIN(gguf, &kDesc)
