# SPDX-License-Identifier: LGPL-2.1-or-later
# Where alsa-lib looks for plugins and configuration. Included by plugin/ and conf/.
#
# Both directories belong to alsa-lib, not to this project's prefix: the plugin directory is
# compiled into libasound (its libdir + /alsa-lib), and alsa.conf names /etc/alsa/conf.d
# literally. So neither follows CMAKE_INSTALL_PREFIX; set the two variables to install elsewhere.
find_package(PkgConfig REQUIRED)
pkg_get_variable(DMASIM_ALSA_LIBDIR alsa libdir)
if(NOT DMASIM_ALSA_LIBDIR)
  include(GNUInstallDirs)
  set(DMASIM_ALSA_LIBDIR "${CMAKE_INSTALL_FULL_LIBDIR}")
endif()

set(DMASIM_ALSA_PLUGIN_DIR "${DMASIM_ALSA_LIBDIR}/alsa-lib" CACHE PATH
    "Directory the ALSA module is installed to")
set(DMASIM_ALSA_CONF_DIR "/etc/alsa/conf.d" CACHE PATH
    "Directory the ALSA configuration file is installed to")

# What the installed configuration calls a module: the bare name where alsa-lib finds it by
# itself, the full path anywhere else.
function(dmasim_installed_module out kind)
  set(name "libasound_module_${kind}_dmasim.so")
  if(NOT DMASIM_ALSA_PLUGIN_DIR STREQUAL "${DMASIM_ALSA_LIBDIR}/alsa-lib")
    get_filename_component(name "${DMASIM_ALSA_PLUGIN_DIR}/${name}" ABSOLUTE
      BASE_DIR "${CMAKE_INSTALL_PREFIX}")
  endif()
  set(${out} "${name}" PARENT_SCOPE)
endfunction()
