# Helpers that every folder of lib/ and include/squint/ uses.

add_compile_options(-fno-rtti -fno-exceptions -Wall -Wextra -Wno-unused-parameter
                    -ffile-prefix-map=${CMAKE_SOURCE_DIR}=.)
if(SQUINT_WERROR)
  add_compile_options(-Werror)
endif()
if(SQUINT_SANITIZE)
  add_compile_options(-fsanitize=${SQUINT_SANITIZE} -fno-sanitize-recover=all
                      -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${SQUINT_SANITIZE})
endif()
add_link_options(-fuse-ld=lld)

# Of generated sources: plain glue, most of the code and of the time to compile it.
set(SQUINT_GENERATED_OPTIONS -O1)
if(SQUINT_SANITIZE)
  list(APPEND SQUINT_GENERATED_OPTIONS -g0 -fno-sanitize=all)
endif()

# All generated headers; every library waits for it.
add_custom_target(squint-headers)
# What `make build` builds.
add_custom_target(squint-tools)

# squint_library(NAME SOURCES... [LINK libs...])
# One folder, one static library. LINK names Squint's own libraries and outside ones; MLIR and LLVM are always linked.
function(squint_library name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  add_library(${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PUBLIC ${ARG_LINK} MLIR LLVM)
  add_dependencies(${name} squint-headers)
endfunction()

# squint_tool(NAME SOURCES... [LINK libs...])
function(squint_tool name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE ${ARG_LINK} MLIR LLVM)
  add_dependencies(${name} squint-headers)
  add_dependencies(squint-tools ${name})
  install(TARGETS ${name} RUNTIME DESTINATION bin)
endfunction()

# squint_unit_test(NAME SOURCES... [LINK libs...])
# A GoogleTest program under build/test/<folder>; lit runs it, and knows it by the ending `Tests` of its file name.
function(squint_unit_test name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE ${ARG_LINK} MLIR LLVM GTest::gtest GTest::gtest_main)
  string(REGEX REPLACE "Tests?$" "" stem ${name})
  set_target_properties(${name} PROPERTIES OUTPUT_NAME ${stem}Tests
                        RUNTIME_OUTPUT_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR})
  add_dependencies(${name} squint-headers)
  add_dependencies(squint-unit-tests ${name})
endfunction()

# squint_tablegen(TARGET FILE.td NAME-ARGS...): pairs of output file and generator flags.
#   squint_tablegen(SquintOps SquintOps.td
#     SquintOps.h.inc "-gen-op-decls" SquintOps.cpp.inc "-gen-op-defs")
function(squint_tablegen target td)
  set(LLVM_TARGET_DEFINITIONS ${td})
  set(pairs ${ARGN})
  while(pairs)
    list(POP_FRONT pairs output flags)
    separate_arguments(flags)
    mlir_tablegen(${output} ${flags})
  endwhile()
  add_public_tablegen_target(${target}IncGen)
  add_dependencies(squint-headers ${target}IncGen)
endfunction()

# squint_dialect(Name namespace [attributes] [types] [enums]): <Name>Ops.td of the current folder.
function(squint_dialect name namespace)
  set(outputs ${name}Ops.h.inc "-gen-op-decls" ${name}Ops.cpp.inc "-gen-op-defs"
      ${name}Dialect.h.inc "-gen-dialect-decls -dialect=${namespace}"
      ${name}Dialect.cpp.inc "-gen-dialect-defs -dialect=${namespace}")
  if("attributes" IN_LIST ARGN)
    list(APPEND outputs ${name}Attributes.h.inc "-gen-attrdef-decls -attrdefs-dialect=${namespace}"
         ${name}Attributes.cpp.inc "-gen-attrdef-defs -attrdefs-dialect=${namespace}")
  endif()
  if("types" IN_LIST ARGN)
    list(APPEND outputs ${name}Types.h.inc "-gen-typedef-decls -typedefs-dialect=${namespace}"
         ${name}Types.cpp.inc "-gen-typedef-defs -typedefs-dialect=${namespace}")
  endif()
  if("enums" IN_LIST ARGN)
    list(APPEND outputs ${name}Enums.h.inc "-gen-enum-decls" ${name}Enums.cpp.inc "-gen-enum-defs")
  endif()
  squint_tablegen(${name} ${name}Ops.td ${outputs})
endfunction()

# squint_passes(Stage): Passes.td of the current folder.
function(squint_passes stage)
  squint_tablegen(${stage}Passes Passes.td
    Passes.h.inc "-gen-pass-decls -name=${stage}")
endfunction()
