# SPDX-License-Identifier: LGPL-2.1-or-later
# Succeeds if PROGRAM, built from a broken protocol, fails a test: of those that the first of
# SELECTIONS names, or else the next.
foreach(selection IN LISTS SELECTIONS)
  execute_process(COMMAND ${PROGRAM} --gtest_brief=1 --gtest_fail_fast --gtest_filter=${selection}
    OUTPUT_VARIABLE output ERROR_VARIABLE output RESULT_VARIABLE status)
  if(NOT status EQUAL 0)
    break()
  endif()
endforeach()
if(status EQUAL 0 OR NOT output MATCHES "\\[  FAILED  \\] ([^ ,]+)")
  message(FATAL_ERROR "mutant ${NAME} survived (status ${status}):\n${output}")
endif()
set(test ${CMAKE_MATCH_1})
set(how "an expectation failed")
if(output MATCHES "VIOLATION: ([^\n]+)")
  set(how ${CMAKE_MATCH_1})
elseif(output MATCHES "Falsifiable after ([^\n]+)")
  set(how "falsified after ${CMAKE_MATCH_1}")
endif()
message(STATUS "mutant ${NAME} killed by ${test}: ${how}")
