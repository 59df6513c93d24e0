# How Berth builds: one function for a layer, one for a program, the flags in one place.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS ON)  # BERTH_TRY is a GNU statement expression
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

option(BERTH_UNITY "Compile a folder at a time: a third of the time, but no file alone" OFF)
option(BERTH_WORKERS "Build the workers, which need libtorch" ON)
set(BERTH_SANITIZE "" CACHE STRING "Sanitizers for -fsanitize=, for example address,undefined")
option(BERTH_FUZZ "Build tests/fuzz with libFuzzer and the layers so that they guide it; for clang")

# gcc says what is worth a warning; clang is there for its sanitizers and libFuzzer.
# -Wno-missing-field-initializers: designated initialisers trip it on gcc 12.
add_library(berth_flags INTERFACE)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(berth_flags INTERFACE -Wall -Wextra -Wshadow -Wconversion -Werror
                                               -Wno-missing-field-initializers)
else()
  target_compile_options(berth_flags INTERFACE -Wall -Wextra -Wshadow -Werror
                                               -Wno-missing-field-initializers
                                               -Wno-unknown-warning-option)
endif()
# It is about types local to a header, and takes every file that another includes for one.
if(BERTH_UNITY AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(berth_flags INTERFACE -Wno-subobject-linkage)
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
  # The first two are a check at every access and a third of the time to compile: AddressSanitizer
  # sees a null that is read, and x86 reads what is not aligned. The third knows no type of the C++
  # REST SDK, which hides them.
  if(BERTH_SANITIZE MATCHES undefined)
    target_compile_options(berth_flags INTERFACE -fno-sanitize=null,alignment,vptr)
  endif()
  target_link_options(berth_flags INTERFACE -fsanitize=${BERTH_SANITIZE})
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

# berth_unity(TARGET [ALONE regex]): with BERTH_UNITY, the files of a folder are one to the
# compiler, so what is local to a file has a name of its own in its folder. Those whose path matches
# ALONE stay alone, as does what programs are made of (hack/check_links.py grants it more) and,
# together, the pure decisions of the operator (hack/check_pure.sh looks at them).
function(berth_unity target)
  cmake_parse_arguments(ARG "" "ALONE" "" ${ARGN})
  if(NOT BERTH_UNITY)
    return()
  endif()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
  get_target_property(sources ${target} SOURCES)
  foreach(source ${sources})
    cmake_path(ABSOLUTE_PATH source NORMALIZE)
    cmake_path(RELATIVE_PATH source BASE_DIRECTORY ${CMAKE_SOURCE_DIR} OUTPUT_VARIABLE path)
    cmake_path(GET path PARENT_PATH folder)
    string(MAKE_C_IDENTIFIER ${folder} group)
    if(path MATCHES "^operator/.*(_plan|/attempt|/verbs|/view)\\.cc$")
      set(group pure)
    endif()
    if(path MATCHES "/(main[^/]*|flags)\\.cc$" OR (ARG_ALONE AND path MATCHES "${ARG_ALONE}"))
      set_source_files_properties(${source} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
    else()
      set_source_files_properties(${source} PROPERTIES UNITY_GROUP ${group})
    endif()
  endforeach()
endfunction()

# berth_layer(NAME [DIR folder] [EXCEPT folder] [ALONE regex] [BUSY] [DEPS layers and libraries...])
# A folder without sources is skipped, so a layer is added with its first file. ALONE is of
# berth_unity. The tests of a BUSY layer compute for long: see berth_busy_test.
function(berth_layer name)
  cmake_parse_arguments(ARG "BUSY" "DIR;EXCEPT;ALONE" "DEPS" ${ARGN})
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
    berth_unity(berth_${name} ALONE "${ARG_ALONE}")
    target_link_libraries(berth_${name} PUBLIC berth_flags ${deps})
    if(ARG_BUSY AND BERTH_SANITIZE)
      target_compile_options(berth_${name} PRIVATE -O1)
    endif()
    if(BERTH_FUZZ)
      target_compile_options(berth_${name} PRIVATE -fsanitize=fuzzer-no-link)
    endif()
  else()
    add_library(berth_${name} INTERFACE)
    target_link_libraries(berth_${name} INTERFACE berth_flags ${deps})
  endif()
  if(tests)
    add_executable(${name}_test ${tests})
    berth_unity(${name}_test ALONE "${ARG_ALONE}")
    target_link_libraries(${name}_test PRIVATE berth_${name} GTest::gmock GTest::gtest_main)
    add_test(NAME ${name} COMMAND ${name}_test WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
    if(ARG_BUSY)
      berth_busy_test(${name})
    endif()
  endif()
endfunction()

# berth_busy_test(NAME): sanitizers make it take minutes, so it runs every fourth case, which leaves
# each property some of its seeds; hack/test.sh runs all of them in the preset release.
function(berth_busy_test name)
  if(BERTH_SANITIZE)
    set_tests_properties(${name} PROPERTIES ENVIRONMENT "GTEST_TOTAL_SHARDS=4;GTEST_SHARD_INDEX=0")
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
