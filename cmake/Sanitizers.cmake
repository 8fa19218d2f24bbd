# AR_SANITIZE and AR_FUZZ; AR_SANITIZER_LIST is what the build tag says.
set(AR_SANITIZER_LIST "")
if(AR_SANITIZE STREQUAL "address")
  set(AR_SANITIZER_LIST address,undefined)
  # vptr needs type information that LibTorch and hidden classes do not share across libraries.
  set(flags -fsanitize=address,undefined -fno-sanitize=vptr -fno-sanitize-recover=undefined)
elseif(AR_SANITIZE STREQUAL "thread")
  set(AR_SANITIZER_LIST thread)
  set(flags -fsanitize=thread)
elseif(NOT AR_SANITIZE STREQUAL "")
  message(FATAL_ERROR "AR_SANITIZE=${AR_SANITIZE}: must be address, thread or empty")
endif()

if(AR_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES Clang)
    message(FATAL_ERROR "AR_FUZZ needs clang, not ${CMAKE_CXX_COMPILER_ID}: the fuzz preset sets it")
  endif()
  set(AR_SANITIZER_LIST address,undefined)
  set(flags -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize=vptr,function -fno-sanitize-recover=undefined)
endif()

if(flags)
  target_compile_options(ar_compile_options INTERFACE ${flags} -fno-omit-frame-pointer -g1)
  target_link_options(ar_compile_options INTERFACE ${flags})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # GCC 12 warns about <regex> of its own library when it instruments it.
    target_compile_options(ar_compile_options INTERFACE -Wno-maybe-uninitialized)
  endif()
endif()
