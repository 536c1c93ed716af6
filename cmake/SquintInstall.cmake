# What `cmake --install` adds to the tools: the public headers, the recipes and the CMake package.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(SQUINT_INSTALL_BIN ${CMAKE_INSTALL_BINDIR})
set(SQUINT_INSTALL_INCLUDE ${CMAKE_INSTALL_INCLUDEDIR})
set(package ${CMAKE_INSTALL_LIBDIR}/cmake/Squint)

install(DIRECTORY ${CMAKE_SOURCE_DIR}/include/squint ${CMAKE_BINARY_DIR}/include/squint
  DESTINATION ${SQUINT_INSTALL_INCLUDE}
  FILES_MATCHING PATTERN "*.h" PATTERN "*.td" PATTERN "*.inc" PATTERN "CMakeFiles" EXCLUDE)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/recipes DESTINATION ${CMAKE_INSTALL_DATADIR}/squint)
configure_package_config_file(cmake/SquintConfig.cmake.in ${CMAKE_BINARY_DIR}/package/SquintConfig.cmake
  INSTALL_DESTINATION ${package} PATH_VARS SQUINT_INSTALL_BIN SQUINT_INSTALL_INCLUDE)
# The tools run on the build machine: a project for another architecture may use the package too.
write_basic_package_version_file(${CMAKE_BINARY_DIR}/package/SquintConfigVersion.cmake
  COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES ${CMAKE_BINARY_DIR}/package/SquintConfig.cmake ${CMAKE_BINARY_DIR}/package/SquintConfigVersion.cmake
  cmake/SquintAddModel.cmake DESTINATION ${package})
