# SPDX-License-Identifier: LGPL-2.1-or-later
# Where alsa-lib looks for plugins and configuration, and where this project installs.
#
# alsa-lib looks into one directory for plugins (its libdir + /alsa-lib, compiled in), and alsa.conf
# names /etc/alsa/conf.d literally. So the default prefix is alsa-lib's own, and installation goes to
# these two. With any other prefix, also of cmake --install --prefix, all goes below that one. The two
# variables overrule both.
find_package(PkgConfig REQUIRED)
pkg_get_variable(DMASIM_ALSA_PREFIX alsa prefix)
pkg_get_variable(DMASIM_ALSA_LIBDIR alsa libdir)
if(DMASIM_ALSA_PREFIX AND CMAKE_INSTALL_PREFIX_INITIALIZED_TO_DEFAULT)
  set_property(CACHE CMAKE_INSTALL_PREFIX PROPERTY VALUE "${DMASIM_ALSA_PREFIX}")
endif()
include(GNUInstallDirs)
if(NOT DMASIM_ALSA_LIBDIR)
  set(DMASIM_ALSA_LIBDIR "${CMAKE_INSTALL_FULL_LIBDIR}")
endif()

set(DMASIM_ALSA_PLUGIN_DIR "" CACHE PATH
    "Directory the ALSA modules are installed to; empty: as the prefix says")
set(DMASIM_ALSA_CONF_DIR "" CACHE PATH
    "Directory the ALSA configuration file is installed to; empty: as the prefix says")
set(DMASIM_PIPEWIRE_CONF_DIR "" CACHE PATH
    "Directory PipeWire's drop-ins are installed to; empty: as the prefix says")

# Before all other rules: the script sets dmasim_plugin_dir, dmasim_conf_dir and
# dmasim_pipewire_dir for them, because the prefix is known only when they run.
configure_file(${CMAKE_CURRENT_LIST_DIR}/install_dirs.cmake.in install_dirs.cmake @ONLY)
install(SCRIPT ${CMAKE_CURRENT_BINARY_DIR}/install_dirs.cmake ALL_COMPONENTS)
configure_file(${CMAKE_CURRENT_LIST_DIR}/uninstall.cmake.in uninstall.cmake @ONLY)
add_custom_target(uninstall COMMAND ${CMAKE_COMMAND} -P ${CMAKE_CURRENT_BINARY_DIR}/uninstall.cmake
  VERBATIM)
