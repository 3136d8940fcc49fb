# SPDX-License-Identifier: LGPL-2.1-or-later
# Succeeds if the test KILLER fails in PROGRAM, which is built from a mutant. Only if it passes, the
# tests of the first of SELECTIONS run, then those of the next: whatever fails there is the test that
# the patch should name. With DMASIM_ALL_SELECTIONS in the environment they all run anyway, and
# the first test that fails in each is printed. A mutant may make other tests wait for ever, so each
# of these runs ends after 40 seconds. If KILLER is skipped on this machine, it cannot tell.

# Runs the tests that `filter` names, for so many seconds at most. `killed_by`: one that fails; empty:
# none does.
function(run_tests filter seconds killed_by)
  execute_process(COMMAND ${PROGRAM} --gtest_brief=1 --gtest_fail_fast --gtest_filter=${filter}
    TIMEOUT ${seconds} OUTPUT_VARIABLE output ERROR_VARIABLE output RESULT_VARIABLE status)
  set(failed "")
  if(status MATCHES "timeout")
    set(failed "nothing in ${seconds} s")
  elseif(NOT status EQUAL 0)
    if(NOT output MATCHES "\\[  FAILED  \\] ([^ ,]+)")
      message(FATAL_ERROR "mutant ${NAME}: ${PROGRAM} ended without a failed test "
        "(status ${status}):\n${output}")
    endif()
    set(failed ${CMAKE_MATCH_1})
  endif()
  set(${killed_by} "${failed}" PARENT_SCOPE)
  set(output "${output}" PARENT_SCOPE)
endfunction()

run_tests(${KILLER} 50 killed_by)
if(killed_by MATCHES "^nothing in")
  message(FATAL_ERROR "mutant ${NAME}: ${KILLER} does not end in 50 s; a killer has to fail")
elseif(killed_by)
  set(how "an expectation failed")
  if(output MATCHES "VIOLATION: ([^\n]+)")
    set(how ${CMAKE_MATCH_1})
  elseif(output MATCHES "Falsifiable after ([^\n]+)")
    set(how "falsified after ${CMAKE_MATCH_1}")
  endif()
  message(STATUS "mutant ${NAME} killed by ${killed_by}: ${how}")
  if(NOT DEFINED ENV{DMASIM_ALL_SELECTIONS})
    return()
  endif()
  foreach(selection IN LISTS SELECTIONS)
    run_tests(${selection} 40 killed_by)
    message(STATUS "mutant ${NAME} among ${selection}: killed by ${killed_by}")
  endforeach()
  return()
endif()
if(output MATCHES "\\[  SKIPPED \\]")
  message(STATUS "mutant ${NAME}: ${KILLER} is skipped here")
  return()
endif()
foreach(selection IN LISTS SELECTIONS)
  run_tests(${selection} 170 killed_by)
  if(killed_by)
    message(FATAL_ERROR
      "killer moved: ${NAME} is killed by ${killed_by}, the patch names ${KILLER}")
  endif()
endforeach()
message(FATAL_ERROR "mutant ${NAME} survived")
