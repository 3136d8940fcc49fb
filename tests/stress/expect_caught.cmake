# SPDX-License-Identifier: LGPL-2.1-or-later
# Succeeds if PROGRAM fails on DESIGN as EXPECTED says, a regular expression. The sanitizer does not
# watch pthread_mutex_lock and pthread_mutex_unlock: a run that dies of a freed mutex proves nothing
# about it, and is repeated.
separate_arguments(ARGUMENTS)
foreach(attempt RANGE 1 10)
  execute_process(COMMAND ${PROGRAM} --design ${DESIGN} ${ARGUMENTS}
    OUTPUT_VARIABLE output ERROR_VARIABLE output RESULT_VARIABLE status)
  if(status EQUAL 0 OR NOT output MATCHES "dmasim: pthread_mutex_(un)?lock")
    break()
  endif()
endforeach()
if(status EQUAL 0 OR NOT output MATCHES "${EXPECTED}")
  message(FATAL_ERROR "design ${DESIGN} got away (status ${status}):\n${output}")
endif()
string(REGEX MATCH "[^\n]*(${EXPECTED})[^\n]*" how "${output}")
message(STATUS "design ${DESIGN} caught: ${how}")
