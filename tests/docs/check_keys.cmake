# SPDX-License-Identifier: LGPL-2.1-or-later
# cmake -DDOCUMENT=... -DKEYS=dmasim-keys -DWRITTEN=... -DBUILD_DIRECTORY=... -P check_keys.cmake
# The tables of keys in DOCUMENT have to be those that KEYS writes into WRITTEN.
execute_process(COMMAND ${KEYS} ${DOCUMENT} ${WRITTEN} RESULT_VARIABLE result)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "${KEYS} has failed: ${result}")
endif()
execute_process(COMMAND diff -u ${DOCUMENT} ${WRITTEN} RESULT_VARIABLE result)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "A table of keys in ${DOCUMENT} is not that of plugin/config/keys.cpp. "
    "This writes it anew:\n"
    "    cmake --build ${BUILD_DIRECTORY} --target write_keys_into_docs")
endif()
