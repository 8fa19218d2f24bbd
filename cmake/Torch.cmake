# ar::torch: LibTorch's CPU part. An official LibTorch on CMAKE_PREFIX_PATH is taken first, else what scripts/setup
# unpacked under .deps/torch. Sets AR_TORCH_VERSION and AR_TORCH_LIB_DIR.
find_package(Torch QUIET CONFIG NO_CMAKE_PACKAGE_REGISTRY NO_CMAKE_SYSTEM_PATH)
if(Torch_FOUND)
  list(GET TORCH_INCLUDE_DIRS 0 AR_TORCH_INCLUDE_DIR)
  get_filename_component(AR_TORCH_LIB_DIR ${TORCH_LIBRARY} DIRECTORY)
else()
  set(AR_TORCH_ROOT ${PROJECT_SOURCE_DIR}/.deps/torch CACHE PATH "LibTorch: a folder with include/ and lib/")
  set(AR_TORCH_INCLUDE_DIR ${AR_TORCH_ROOT}/include)
  set(AR_TORCH_LIB_DIR ${AR_TORCH_ROOT}/lib)
endif()
if(NOT EXISTS ${AR_TORCH_INCLUDE_DIR}/ATen/core/Tensor.h)
  message(FATAL_ERROR "No LibTorch in ${AR_TORCH_INCLUDE_DIR}: run scripts/setup, or set CMAKE_PREFIX_PATH to one")
endif()

file(STRINGS ${AR_TORCH_INCLUDE_DIR}/torch/headeronly/version.h version_lines REGEX "#define TORCH_VERSION_[MP]")
string(REGEX MATCHALL "[0-9]+" version_numbers "${version_lines}")
list(JOIN version_numbers "." AR_TORCH_VERSION)

# LibTorch's include folder also holds other projects' headers (fmt among them) that would hide Debian's: link only its own.
set(own_headers ${PROJECT_BINARY_DIR}/torch_include)
file(MAKE_DIRECTORY ${own_headers})
foreach(name ATen c10 torch)
  if(NOT EXISTS ${own_headers}/${name})
    file(CREATE_LINK ${AR_TORCH_INCLUDE_DIR}/${name} ${own_headers}/${name} SYMBOLIC)
  endif()
endforeach()

foreach(name c10 torch_cpu)
  add_library(ar_lib${name} SHARED IMPORTED GLOBAL)
  set_target_properties(ar_lib${name} PROPERTIES IMPORTED_LOCATION ${AR_TORCH_LIB_DIR}/lib${name}.so)
endforeach()
# Nothing of libtorch_cpu's CPU kernels is called by name, they register themselves: keep the library however few symbols
# a target uses. RPATH is added by CMake (build tree) and ar_install_rpath (install).
set_target_properties(ar_libtorch_cpu PROPERTIES INTERFACE_LINK_LIBRARIES ar_libc10)
add_library(ar_torch INTERFACE)
add_library(ar::torch ALIAS ar_torch)
target_include_directories(ar_torch SYSTEM INTERFACE ${own_headers})
target_compile_definitions(ar_torch INTERFACE _GLIBCXX_USE_CXX11_ABI=1)
target_link_libraries(ar_torch INTERFACE ar_libtorch_cpu ar_libc10)
target_link_options(ar_torch INTERFACE LINKER:--no-as-needed)
