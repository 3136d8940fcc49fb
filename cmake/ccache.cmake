# SPDX-License-Identifier: LGPL-2.1-or-later
# Compiles through ccache where it is installed. One cache serves every checkout: ccache sees paths
# below the checkout as relative ones, and the compiler writes no checkout's path into an object.
#   -DDMASIM_CCACHE=OFF    compiles without it
option(DMASIM_CCACHE "Compile through ccache if it is installed" ON)
find_program(CCACHE_EXECUTABLE ccache)
mark_as_advanced(CCACHE_EXECUTABLE)

# Objects are the same in every checkout, with ccache or without.
add_compile_options(-ffile-prefix-map=${PROJECT_SOURCE_DIR}=.)
# Through ccache the compiler sees paths from the build directory on. Messages name the sources as
# the checkout does: plugin/open/pcm_open.cpp.
file(RELATIVE_PATH dmasim_to_checkout ${CMAKE_BINARY_DIR} ${PROJECT_SOURCE_DIR})
cmake_path(APPEND dmasim_to_checkout "")  # one slash at its end
add_compile_options(-fmacro-prefix-map=${dmasim_to_checkout}=)

# An ccache that finds no place for its cache, as without a writable home directory, compiles nothing.
function(dmasim_find_working_ccache works)
  set(probe ${CMAKE_BINARY_DIR}/ccache_probe)
  file(WRITE ${probe}.cpp "int probe;\n")
  execute_process(COMMAND ${CCACHE_EXECUTABLE} ${CMAKE_CXX_COMPILER} -c ${probe}.cpp -o ${probe}.o
    RESULT_VARIABLE status OUTPUT_QUIET ERROR_VARIABLE output)
  if(NOT status EQUAL 0)
    message(STATUS "compiling without ccache, which says: ${output}")
  endif()
  string(COMPARE EQUAL "${status}" 0 result)
  set(${works} ${result} PARENT_SCOPE)
endfunction()

set(ccache_works FALSE)
if(DMASIM_CCACHE AND CCACHE_EXECUTABLE)
  dmasim_find_working_ccache(ccache_works)
endif()
if(ccache_works)
  # A precompiled header is read with the macros and the times that it was made with.
  set(sloppiness pch_defines,time_macros,include_file_mtime,include_file_ctime)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
    CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=1 CCACHE_SLOPPINESS=${sloppiness}
    ${CCACHE_EXECUTABLE})
  set(CMAKE_C_COMPILER_LAUNCHER ${CMAKE_CXX_COMPILER_LAUNCHER})
  # Without it GCC and ccache disagree on whether an unused precompiled header is a new one.
  if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-fpch-preprocess>)
  endif()
endif()
