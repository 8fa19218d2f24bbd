# ar_add_test(NAME quant_test SOURCES int_test.cpp LINK ar_quant [LABELS slow]): a GoogleTest binary, each of its tests known
# to ctest and labelled with the binary's name. Tests that skip themselves count as skipped.
function(ar_add_test)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "NAME" "SOURCES;LINK;LABELS")
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
  gtest_discover_tests(${arg_NAME} DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 120
                       PROPERTIES LABELS "${arg_NAME};${arg_LABELS}" SKIP_REGULAR_EXPRESSION "\\[  SKIPPED \\]" TIMEOUT 600)
endfunction()

# The full golden data: AR_SHARED, else ../shared, else "". Tests fall back on tests/golden.
if(DEFINED ENV{AR_SHARED})
  set(AR_SHARED_DIR $ENV{AR_SHARED})
elseif(EXISTS ${PROJECT_SOURCE_DIR}/../shared/golden)
  get_filename_component(AR_SHARED_DIR ${PROJECT_SOURCE_DIR}/../shared ABSOLUTE)
else()
  set(AR_SHARED_DIR "")
endif()
if(AR_TESTS)
  include(GoogleTest)
endif()
