extern "C" __attribute__((visibility("default"))) int some_other_library(void);
extern "C" int some_other_library(void) { return 1; }
