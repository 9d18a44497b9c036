# SPDX-License-Identifier: Apache-2.0
# Install tree, CMake package with the components `cpu`, `lapack` and `cuda`, and pkg-config files.
# The same files are installed whatever was found or built: a package for CUDA is made without CUDA.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

set(svfmath_package_dir "${CMAKE_INSTALL_DATADIR}/cmake/svfmath")

foreach(part IN ITEMS core cpu cuda)
  install(TARGETS svfmath_${part} EXPORT svfmath-${part}Targets
    FILE_SET HEADERS DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
    INCLUDES DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
endforeach()
install(TARGETS svfmath EXPORT svfmathTargets)
install(TARGETS svfmath_lapack EXPORT svfmath-lapackTargets)
foreach(set IN ITEMS svfmath-coreTargets svfmathTargets svfmath-cpuTargets svfmath-lapackTargets
    svfmath-cudaTargets)
  install(EXPORT ${set} NAMESPACE svfmath:: DESTINATION "${svfmath_package_dir}")
endforeach()

configure_package_config_file("${CMAKE_CURRENT_LIST_DIR}/svfmathConfig.cmake.in"
  "${PROJECT_BINARY_DIR}/svfmathConfig.cmake"
  INSTALL_DESTINATION "${svfmath_package_dir}"
  NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file("${PROJECT_BINARY_DIR}/svfmathConfigVersion.cmake"
  COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES
  "${PROJECT_BINARY_DIR}/svfmathConfig.cmake"
  "${PROJECT_BINARY_DIR}/svfmathConfigVersion.cmake"
  DESTINATION "${svfmath_package_dir}")

# Relative to the file's own place, so that the tree may be installed under any prefix.
set(svfmath_pc_dir "${CMAKE_INSTALL_DATADIR}/pkgconfig")
file(RELATIVE_PATH svfmath_prefix_from_pc "/${svfmath_pc_dir}" "/")
foreach(name IN ITEMS svfmath svfmath-lapack)
  configure_file("${CMAKE_CURRENT_LIST_DIR}/${name}.pc.in" "${PROJECT_BINARY_DIR}/${name}.pc" @ONLY)
  install(FILES "${PROJECT_BINARY_DIR}/${name}.pc" DESTINATION "${svfmath_pc_dir}")
endforeach()
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DOCDIR}")
