# SPDX-License-Identifier: LGPL-2.1-or-later
# Warnings and sanitizers, for every target of the project.
add_compile_options(-Wall -Wextra -Wconversion -Wshadow -Wnon-virtual-dtor)
add_compile_options(-fno-plt)  # a module is never unloaded, so it may resolve its calls when it is loaded
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  add_compile_options(-fno-gnu-unique)  # one such symbol, and dlclose never unloads the module
endif()
if(CMAKE_CXX_COMPILER_ID MATCHES Clang)
  add_compile_options(-Wthread-safety -Wthread-safety-beta -Wreserved-identifier)
endif()
if(DMASIM_WERROR)
  add_compile_options(-Werror)
endif()
# dmasim_do_not_optimize(SOURCE...): what reads a command line or some JSON once. The libraries for
# that are templates, which take half a minute to optimize, and minutes under a sanitizer.
function(dmasim_do_not_optimize)
  set_source_files_properties(${ARGN} PROPERTIES COMPILE_OPTIONS -O0)
endfunction()
if(DMASIM_SANITIZE)
  add_compile_options(-fsanitize=${DMASIM_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${DMASIM_SANITIZE})
endif()
# dmasim_link_tests_quickly(): mold where it is installed, for all that is added below. What is
# installed is linked as the compiler's maker meant it.
function(dmasim_link_tests_quickly)
  find_program(MOLD_EXECUTABLE mold)
  mark_as_advanced(MOLD_EXECUTABLE)
  if(MOLD_EXECUTABLE)
    add_link_options(-fuse-ld=mold)
  endif()
endfunction()

# dmasim_precompile_std(TARGET [OWNER]): the standard library's headers for TARGET, compiled once: with
# OWNER, which is compiled with the same options, or by TARGET itself. A build without tests, as for a
# user or for clang-tidy, compiles each file with what it includes and nothing else.
function(dmasim_precompile_std target)
  if(NOT BUILD_TESTING)
    return()
  elseif(ARGC GREATER 1)
    target_precompile_headers(${target} REUSE_FROM ${ARGV1})
  else()
    target_precompile_headers(${target} PRIVATE <algorithm> <array> <atomic> <cerrno> <chrono>
      <cstdint> <cstring> <functional> <memory> <optional> <span> <string> <string_view> <utility>
      <vector>)
  endif()
endfunction()
