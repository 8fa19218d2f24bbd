# ar::sdk: headers only, no LibTorch. ar::sdk_torch: the torch tier on top, with the build tag.
add_library(ar_sdk INTERFACE)
add_library(ar::sdk ALIAS ar_sdk)
target_include_directories(ar_sdk INTERFACE
  $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/sdk/include> $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/sdk/third_party>
  $<INSTALL_INTERFACE:include>)
set_target_properties(ar_sdk PROPERTIES EXPORT_NAME sdk)

add_library(ar_sdk_torch INTERFACE)
add_library(ar::sdk_torch ALIAS ar_sdk_torch)
target_link_libraries(ar_sdk_torch INTERFACE ar_sdk ar_torch ar_build_tag)
