# SPDX-License-Identifier: LGPL-2.1-or-later
# Warnings and sanitizers, for every target of the project.
add_compile_options(-Wall -Wextra -Wconversion -Wshadow -Wnon-virtual-dtor)
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
