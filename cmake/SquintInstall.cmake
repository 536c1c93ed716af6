# What `cmake --install` adds to the tools: the C API, the public headers, the recipes and the CMake package.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(SQUINT_INSTALL_BIN ${CMAKE_INSTALL_BINDIR})
set(SQUINT_INSTALL_LIB ${CMAKE_INSTALL_LIBDIR})
set(SQUINT_INSTALL_INCLUDE ${CMAKE_INSTALL_INCLUDEDIR})
set(SQUINT_INSTALL_RECIPES ${CMAKE_INSTALL_DATADIR}/squint/recipes)
set(package ${CMAKE_INSTALL_LIBDIR}/cmake/Squint)

install(TARGETS squint-c LIBRARY DESTINATION ${SQUINT_INSTALL_LIB})
install(DIRECTORY ${CMAKE_SOURCE_DIR}/include/squint ${CMAKE_SOURCE_DIR}/include/squint-c ${CMAKE_BINARY_DIR}/include/squint
  DESTINATION ${SQUINT_INSTALL_INCLUDE}
  FILES_MATCHING PATTERN "*.h" PATTERN "*.td" PATTERN "*.inc" PATTERN "CMakeFiles" EXCLUDE)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/recipes DESTINATION ${CMAKE_INSTALL_DATADIR}/squint)
set(paths SQUINT_INSTALL_BIN SQUINT_INSTALL_LIB SQUINT_INSTALL_INCLUDE SQUINT_INSTALL_RECIPES)
configure_package_config_file(cmake/SquintConfig.cmake.in ${CMAKE_BINARY_DIR}/package/SquintConfig.cmake
  INSTALL_DESTINATION ${package} PATH_VARS ${paths})
# The tools run on the build machine: a project for another architecture may use the package too.
write_basic_package_version_file(${CMAKE_BINARY_DIR}/package/SquintConfigVersion.cmake
  COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES ${CMAKE_BINARY_DIR}/package/SquintConfig.cmake ${CMAKE_BINARY_DIR}/package/SquintConfigVersion.cmake
  cmake/SquintAddModel.cmake DESTINATION ${package})

# The same package in the build folder, of what is built there: find_package(Squint) with Squint_DIR=BUILD/cmake.
set(SQUINT_INSTALL_BIN ${CMAKE_RUNTIME_OUTPUT_DIRECTORY})
set(SQUINT_INSTALL_LIB ${CMAKE_LIBRARY_OUTPUT_DIRECTORY})
set(SQUINT_INSTALL_INCLUDE ${CMAKE_SOURCE_DIR}/include)
set(SQUINT_INSTALL_RECIPES ${CMAKE_SOURCE_DIR}/recipes)
configure_package_config_file(cmake/SquintConfig.cmake.in ${CMAKE_BINARY_DIR}/cmake/SquintConfig.cmake
  INSTALL_DESTINATION ${CMAKE_BINARY_DIR}/cmake INSTALL_PREFIX ${CMAKE_BINARY_DIR} PATH_VARS ${paths})
file(COPY ${CMAKE_BINARY_DIR}/package/SquintConfigVersion.cmake ${CMAKE_SOURCE_DIR}/cmake/SquintAddModel.cmake
  DESTINATION ${CMAKE_BINARY_DIR}/cmake)
