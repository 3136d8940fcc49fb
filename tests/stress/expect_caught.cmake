# SPDX-License-Identifier: LGPL-2.1-or-later
# Succeeds if PROGRAM fails with DESIGN and its output matches the regular expression EXPECTED. The
# sanitizer does not check the calls of pthread_mutex and pthread_cond. So a run may end because of a freed
# mutex, without a report. Such a run is repeated.
separate_arguments(ARGUMENTS)
foreach(attempt RANGE 1 10)
  execute_process(COMMAND ${PROGRAM} --design ${DESIGN} ${ARGUMENTS}
    OUTPUT_VARIABLE output ERROR_VARIABLE output RESULT_VARIABLE status)
  if(status EQUAL 0 OR NOT output MATCHES "dmasim: pthread_")
    break()
  endif()
endforeach()
if(status EQUAL 0 OR NOT output MATCHES "${EXPECTED}")
  message(FATAL_ERROR "design ${DESIGN} got away (status ${status}):\n${output}")
endif()
string(REGEX MATCH "[^\n]*(${EXPECTED})[^\n]*" how "${output}")
message(STATUS "design ${DESIGN} caught: ${how}")
