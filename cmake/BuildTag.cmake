# The build tag: what must be equal before C++ objects may cross between program and plugin. Written to
# <build>/generated/ar/build_tag.hpp as AR_BUILD_TAG; target ar_build_tag gives the include folder.
file(STRINGS ${PROJECT_SOURCE_DIR}/sdk/include/ar/torch/model_arch.hpp iface_line REGEX "#define AR_TORCH_IFACE [0-9]+")
string(REGEX MATCH "[0-9]+" AR_TORCH_IFACE "${iface_line}")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/sdk/include/ar/torch/model_arch.hpp)

set(AR_BUILD_TAG "torch=${AR_TORCH_VERSION};cxx11abi=1;stdlib=libstdc++;iface=${AR_TORCH_IFACE};san=${AR_SANITIZER_LIST}")
file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/generated/ar/build_tag.hpp @ONLY
     CONTENT "#pragma once\n\n#define AR_BUILD_TAG \"@AR_BUILD_TAG@\"\n")
add_library(ar_build_tag INTERFACE)
target_include_directories(ar_build_tag INTERFACE ${PROJECT_BINARY_DIR}/generated)
