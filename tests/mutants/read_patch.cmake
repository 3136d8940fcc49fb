# SPDX-License-Identifier: LGPL-2.1-or-later
# dmasim_read_patch(PREFIX PATCH): PREFIX_SOURCE, the file that PATCH changes, PREFIX_KILLER, the test
# that kills it, and PREFIX_PROGRAM, the unit test program that has it, if PATCH names one. As a script
# with -DPATCH=, only looks whether PATCH says all that.
# dmasim_read_field(OUT PATCH FIELD): what follows "FIELD: " in PATCH; empty if nothing does.
function(dmasim_read_field out patch_file field)
  file(STRINGS ${patch_file} line REGEX "^${field}: " LIMIT_COUNT 1)
  string(REGEX REPLACE "^${field}: *" "" value "${line}")
  set(${out} "${value}" PARENT_SCOPE)
endfunction()

function(dmasim_read_patch prefix patch_file)
  dmasim_read_field(breaks ${patch_file} Breaks)
  dmasim_read_field(killer ${patch_file} Killer)
  dmasim_read_field(program ${patch_file} Program)
  if(NOT breaks OR NOT killer)
    message(FATAL_ERROR "${patch_file} needs a line \"Breaks: RULE.\" and a line "
      "\"Killer: Suite.Test\"; tests/mutants/README.md has more")
  endif()
  if(NOT killer MATCHES "^[A-Za-z0-9_/]+[.][A-Za-z0-9_/]+$")
    message(FATAL_ERROR "${patch_file}: \"Killer: ${killer}\" is not the name of one test")
  endif()
  file(STRINGS ${patch_file} target REGEX "^\\+\\+\\+ b/" LIMIT_COUNT 1)
  string(REGEX REPLACE "^\\+\\+\\+ b/([^ \t]+).*" "\\1" source "${target}")
  set(${prefix}_SOURCE ${source} PARENT_SCOPE)
  set(${prefix}_KILLER ${killer} PARENT_SCOPE)
  set(${prefix}_PROGRAM "${program}" PARENT_SCOPE)
endfunction()

if(CMAKE_SCRIPT_MODE_FILE STREQUAL CMAKE_CURRENT_LIST_FILE)
  dmasim_read_patch(patch ${PATCH})
endif()
