# usage: cmake -DPROGRAM=auto-round -DFIXTURES=DIR [-DLIMIT_MS=50] -P list_is_light.cmake
# `list` maps no LibTorch, whatever lies in the plugin folders, and answers at once.
cmake_minimum_required(VERSION 3.25)

foreach(item formats devices models schemes plugins)
  execute_process(COMMAND ${CMAKE_COMMAND} -E env LD_DEBUG=files ${PROGRAM} list ${item} --verbose --plugin-dir ${FIXTURES}
                  RESULT_VARIABLE status OUTPUT_QUIET ERROR_VARIABLE trace)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "list ${item}: status ${status}\n${trace}")
  endif()
  if(trace MATCHES "calling init: [^\n]*lib(torch|c10)[^\n]*")
    message(FATAL_ERROR "list ${item} loads LibTorch: ${CMAKE_MATCH_0}")
  endif()
endforeach()

# The best of ten: a busy machine must not fail the test.
if(LIMIT_MS)
  set(best 1000000)
  foreach(i RANGE 9)
    string(TIMESTAMP before "%s%f")
    execute_process(COMMAND ${PROGRAM} list formats OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
    string(TIMESTAMP after "%s%f")
    math(EXPR elapsed "(${after} - ${before}) / 1000")
    if(elapsed LESS best)
      set(best ${elapsed})
    endif()
  endforeach()
  message(STATUS "list formats: ${best} ms")
  if(best GREATER_EQUAL LIMIT_MS)
    message(FATAL_ERROR "list formats takes ${best} ms, at most ${LIMIT_MS} are allowed")
  endif()
endif()
