# squint_add_model: a trained model as a library target.
#
#   squint_add_model(TARGET MODEL model.onnx
#     [WEIGHTS FORMAT] [ACTIVATIONS FORMAT] [RECIPE FILE.yaml] [CALIBRATION FILE.npz]
#     [MTRIPLE TRIPLE] [MCPU CPU...] [MATTR FEATURES] [DIMS NAME=N...] [PREFIX NAME] [OPTIONS FLAG...])
#
# TARGET is a static library with the compiled model; linking to it also gives the folder of its header, TARGET.h. The
# functions start with PREFIX, TARGET where it is not given. The library is rebuilt when the model, a file of weights
# that the model refers to, the recipe, the calibration samples or the compiler change.
#
# Without MTRIPLE the code is for the compiler's target: where CMake cross-compiles that is CMAKE_C_COMPILER_TARGET or
# CMAKE_CXX_COMPILER_TARGET, or else CMAKE_SYSTEM_PROCESSOR on Linux. Without MCPU it is for the processor of this
# machine, or for the triple's baseline when cross-compiling. squintc itself always runs on this machine; SQUINT_COMPILER
# names another one than that of the package.
include_guard(GLOBAL)

function(_squint_target_triple result)
  set(triple)
  if(CMAKE_CROSSCOMPILING)
    if(CMAKE_C_COMPILER_TARGET)
      set(triple ${CMAKE_C_COMPILER_TARGET})
    elseif(CMAKE_CXX_COMPILER_TARGET)
      set(triple ${CMAKE_CXX_COMPILER_TARGET})
    elseif(CMAKE_SYSTEM_NAME STREQUAL "Linux" AND CMAKE_SYSTEM_PROCESSOR)
      set(triple ${CMAKE_SYSTEM_PROCESSOR}-linux-gnu)
      string(REGEX REPLACE "^arm64" "aarch64" triple ${triple})
    else()
      message(FATAL_ERROR "squint_add_model: expected MTRIPLE, CMAKE_C_COMPILER_TARGET or CMAKE_SYSTEM_PROCESSOR "
                          "to say what to compile for")
    endif()
  endif()
  set(${result} ${triple} PARENT_SCOPE)
endfunction()

function(squint_add_model target)
  # Paths in dependency files are the compiler's, not relative to the build folder's top.
  cmake_policy(SET CMP0116 NEW)
  cmake_parse_arguments(PARSE_ARGV 1 ARG ""
    "MODEL;WEIGHTS;ACTIVATIONS;RECIPE;CALIBRATION;MTRIPLE;MATTR;PREFIX" "MCPU;DIMS;OPTIONS")
  if(ARG_UNPARSED_ARGUMENTS OR ARG_KEYWORDS_MISSING_VALUES)
    message(FATAL_ERROR "squint_add_model(${target}): unexpected or incomplete: "
                        "${ARG_UNPARSED_ARGUMENTS} ${ARG_KEYWORDS_MISSING_VALUES}")
  endif()
  if(NOT ARG_MODEL)
    message(FATAL_ERROR "squint_add_model(${target}): expected MODEL")
  endif()
  if(NOT ARG_MTRIPLE)
    _squint_target_triple(ARG_MTRIPLE)
  endif()
  if(NOT ARG_PREFIX)
    string(MAKE_C_IDENTIFIER ${target} ARG_PREFIX)
  endif()

  set(flags --progress=never --prefix=${ARG_PREFIX})
  set(inputs)
  foreach(file IN ITEMS MODEL RECIPE CALIBRATION)
    if(ARG_${file})
      cmake_path(ABSOLUTE_PATH ARG_${file} BASE_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR} NORMALIZE)
      list(APPEND inputs ${ARG_${file}})
    endif()
  endforeach()
  foreach(option IN ITEMS WEIGHTS ACTIVATIONS RECIPE CALIBRATION MTRIPLE MATTR)
    if(ARG_${option})
      string(TOLOWER ${option} name)
      list(APPEND flags --${name}=${ARG_${option}})
    endif()
  endforeach()
  if(ARG_MCPU)
    list(JOIN ARG_MCPU "," cpus)
    list(APPEND flags --mcpu=${cpus})
  endif()
  foreach(dim IN LISTS ARG_DIMS)
    list(APPEND flags --dim ${dim})
  endforeach()

  if(SQUINT_COMPILER)
    set(compiler ${SQUINT_COMPILER})
  else()
    get_target_property(compiler Squint::squintc IMPORTED_LOCATION)
  endif()
  set(folder ${CMAKE_CURRENT_BINARY_DIR}/${target}.squint)
  file(MAKE_DIRECTORY ${folder})
  set(object ${folder}/${target}.o)
  set(header ${folder}/${target}.h)
  add_custom_command(OUTPUT ${object} ${header}
    COMMAND ${compiler} ${ARG_MODEL} ${flags} ${ARG_OPTIONS} --depfile=${object}.d -o ${object}
    DEPENDS ${inputs} ${compiler} DEPFILE ${object}.d
    COMMENT "Compiling ${target} from ${ARG_MODEL}" VERBATIM)

  add_library(${target} STATIC ${object} ${header})
  set_source_files_properties(${object} PROPERTIES EXTERNAL_OBJECT TRUE GENERATED TRUE)
  set_target_properties(${target} PROPERTIES LINKER_LANGUAGE C PUBLIC_HEADER ${header})
  target_include_directories(${target} INTERFACE $<BUILD_INTERFACE:${folder}> $<INSTALL_INTERFACE:include>)
  target_link_libraries(${target} INTERFACE m)
endfunction()
