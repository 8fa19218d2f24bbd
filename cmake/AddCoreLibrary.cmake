# ar_add_core_library(ar_quant SOURCES a.cpp LINK PUBLIC ar_base PRIVATE hwy::hwy): the static library of a core folder.
function(ar_add_core_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LINK")
  add_library(${name} STATIC ${arg_SOURCES})
  target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/sdk/include
                                            ${PROJECT_SOURCE_DIR}/sdk/third_party)
  target_link_libraries(${name} PUBLIC ar_build_tag PRIVATE ar_compile_options)
  if(arg_LINK)
    target_link_libraries(${name} ${arg_LINK})
  endif()
  ar_use_pch(${name} ${arg_LINK})
endfunction()

# One precompiled header, made once, for every engine target that names ar::torch or a library above it.
function(ar_use_pch name)
  set(above_torch ar::torch ar::sdk_torch ar_tensor ar_quant ar_tune ar_engine)
  get_target_property(type ${name} TYPE)
  # Programs are compiled with -fPIE, which a header precompiled with -fPIC does not fit.
  if(NOT AR_PCH OR NOT CMAKE_CXX_COMPILER_ID STREQUAL "GNU" OR type STREQUAL "EXECUTABLE")
    return()
  endif()
  foreach(item IN LISTS ARGN)
    if(item IN_LIST above_torch)
      if(NOT TARGET ar_pch)
        file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/generated/pch.cpp CONTENT "")
        add_library(ar_pch OBJECT ${PROJECT_BINARY_DIR}/generated/pch.cpp)
        target_link_libraries(ar_pch PRIVATE ar_compile_options ar::torch)
        target_precompile_headers(ar_pch PRIVATE <ATen/core/Tensor.h> <algorithm> <map> <string> <vector>)
      endif()
      target_precompile_headers(${name} REUSE_FROM ar_pch)
      return()
    endif()
  endforeach()
endfunction()

# Base and plugin loader: all that a program without LibTorch needs.
add_library(ar_plugin_host INTERFACE)
target_link_libraries(ar_plugin_host INTERFACE ar_base ar_plugin)
