# How Berth builds: one function for a layer, one for a program, the flags in one place.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS ON)  # BERTH_TRY is a GNU statement expression
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

option(BERTH_WORKERS "Build the workers, which need libtorch" ON)
set(BERTH_SANITIZE "" CACHE STRING "Sanitizers for -fsanitize=, for example address,undefined")
option(BERTH_FUZZ "Build tests/fuzz with libFuzzer and all code so that it can guide it; for clang")

# gcc says what is worth a warning; clang is there for its sanitizers and libFuzzer.
# -Wno-missing-field-initializers: designated initialisers trip it on gcc 12.
add_library(berth_flags INTERFACE)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(berth_flags INTERFACE -Wall -Wextra -Wshadow -Wconversion -Werror
                                               -Wno-missing-field-initializers)
else()
  target_compile_options(berth_flags INTERFACE -Wno-unknown-warning-option)
endif()
target_compile_definitions(berth_flags INTERFACE BERTH_VERSION="${PROJECT_VERSION}")
target_include_directories(berth_flags INTERFACE ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR})
if(BERTH_SANITIZE)
  target_compile_options(berth_flags INTERFACE -fsanitize=${BERTH_SANITIZE}
                                               -fno-sanitize-recover=all -fno-omit-frame-pointer)
  # Fences, which it does not model, are in Boost.Asio's headers.
  if(BERTH_SANITIZE MATCHES thread AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(berth_flags INTERFACE -Wno-tsan)
  endif()
  target_link_options(berth_flags INTERFACE -fsanitize=${BERTH_SANITIZE})
endif()
if(BERTH_FUZZ)
  target_compile_options(berth_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

find_package(nlohmann_json REQUIRED)
find_package(spdlog REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(CURL REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(Boost 1.74 REQUIRED)
find_package(prometheus-cpp REQUIRED)
find_package(CLI11 REQUIRED)
find_package(cpprestsdk REQUIRED)
find_package(simdjson REQUIRED)
find_package(mimalloc REQUIRED)
find_package(Threads REQUIRED)
find_package(ZLIB REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(nghttp2 REQUIRED IMPORTED_TARGET libnghttp2)  # HTTP/2: Boost.Beast has none
find_package(GTest REQUIRED)

# For a program of few threads that makes and drops small objects all day; with many threads it
# costs memory. First among the libraries, or libc's would be found before it. Sanitizers bring
# their own.
add_library(berth_allocator INTERFACE)
if(NOT BERTH_SANITIZE)
  target_link_libraries(berth_allocator INTERFACE mimalloc)
endif()

enable_testing()

# berth_layer(NAME [DIR folder] [EXCEPT folder] [DEPS layers and libraries...])
# A folder without sources is skipped, so a layer is added with its first file.
function(berth_layer name)
  cmake_parse_arguments(ARG "" "DIR;EXCEPT" "DEPS" ${ARGN})
  if(NOT ARG_DIR)
    set(ARG_DIR src/${name})
  endif()
  if("OPTIONAL_TORCH" IN_LIST ARG_DEPS)
    if(NOT BERTH_WORKERS)
      return()
    endif()
    list(REMOVE_ITEM ARG_DEPS OPTIONAL_TORCH)
    include(${CMAKE_SOURCE_DIR}/hack/cmake/torch.cmake)
    list(APPEND ARG_DEPS berth_torch)
  endif()
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${ARG_DIR}/*.cc)
  file(GLOB_RECURSE tests CONFIGURE_DEPENDS ${ARG_DIR}/*_test.cc)
  file(GLOB_RECURSE mains CONFIGURE_DEPENDS ${ARG_DIR}/main*.cc)
  list(REMOVE_ITEM sources ${tests} ${mains})
  if(ARG_EXCEPT)  # a layer of its own below this folder
    list(FILTER sources EXCLUDE REGEX "/${ARG_EXCEPT}/")
    list(FILTER tests EXCLUDE REGEX "/${ARG_EXCEPT}/")
  endif()
  berth_link_names(deps ${ARG_DEPS})
  if(sources)
    add_library(berth_${name} STATIC ${sources})
    target_link_libraries(berth_${name} PUBLIC berth_flags ${deps})
  else()
    add_library(berth_${name} INTERFACE)
    target_link_libraries(berth_${name} INTERFACE berth_flags ${deps})
  endif()
  if(tests)
    add_executable(${name}_test ${tests})
    target_link_libraries(${name}_test PRIVATE berth_${name} GTest::gmock GTest::gtest_main)
    add_test(NAME ${name} COMMAND ${name}_test WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  endif()
endfunction()

# berth_program(NAME MAIN file [DEPS layers and libraries...]); skipped while its main is not there.
function(berth_program name)
  cmake_parse_arguments(ARG "" "MAIN" "DEPS" ${ARGN})
  if(EXISTS ${CMAKE_SOURCE_DIR}/${ARG_MAIN})
    berth_link_names(deps ${ARG_DEPS})
    add_executable(${name} ${ARG_MAIN})
    target_link_libraries(${name} PRIVATE berth_flags ${deps})
  endif()
endfunction()

# A bare word that names a layer becomes its target; everything else is a library as it stands.
function(berth_link_names out)
  set(names)
  foreach(dep ${ARGN})
    if(TARGET berth_${dep})
      list(APPEND names berth_${dep})
    else()
      list(APPEND names ${dep})
    endif()
  endforeach()
  set(${out} ${names} PARENT_SCOPE)
endfunction()
