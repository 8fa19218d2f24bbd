# ar_add_test(NAME quant_test SOURCES int_test.cpp LINK ar_quant [LABELS slow] [SHARDS 4]): a GoogleTest binary, labelled with
# its name. ctest runs it as a whole, or in so many parts: loading LibTorch takes longer than most tests.
function(ar_add_test)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "NAME;SHARDS" "SOURCES;LINK;LABELS")
  if(NOT AR_TESTS)
    return()
  endif()
  add_executable(${arg_NAME} ${arg_SOURCES})
  target_link_libraries(${arg_NAME} PRIVATE ${arg_LINK} GTest::gtest_main ar_compile_options)
  target_include_directories(${arg_NAME} PRIVATE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/sdk/include
                                                 ${PROJECT_SOURCE_DIR}/sdk/third_party)
  target_compile_definitions(${arg_NAME} PRIVATE
    AR_SOURCE_DIR="${PROJECT_SOURCE_DIR}" AR_BINARY_DIR="${PROJECT_BINARY_DIR}" AR_SHARED_DIR="${AR_SHARED_DIR}")
  set_target_properties(${arg_NAME} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
  set(shards 1)
  if(arg_SHARDS)
    set(shards ${arg_SHARDS})
  endif()
  foreach(shard RANGE 1 ${shards})
    set(name ${arg_NAME})
    if(shards GREATER 1)
      string(APPEND name .${shard})
    endif()
    math(EXPR index "${shard} - 1")
    add_test(NAME ${name} COMMAND ${arg_NAME} --gtest_brief=1)
    set_tests_properties(${name} PROPERTIES LABELS "${arg_NAME};${arg_LABELS}" TIMEOUT 1800
                         ENVIRONMENT "GTEST_TOTAL_SHARDS=${shards};GTEST_SHARD_INDEX=${index}")
  endforeach()
endfunction()

# The full golden data: AR_SHARED, else ../shared, else "". Tests fall back on tests/golden.
if(DEFINED ENV{AR_SHARED})
  set(AR_SHARED_DIR $ENV{AR_SHARED})
elseif(EXISTS ${PROJECT_SOURCE_DIR}/../shared/golden)
  get_filename_component(AR_SHARED_DIR ${PROJECT_SOURCE_DIR}/../shared ABSOLUTE)
else()
  set(AR_SHARED_DIR "")
endif()
