# What only the workers need: libtorch for the arithmetic and the gang, a small HTTP server for
# /metrics. By default Debian's libtorch, which is for CPUs. Another one, for CUDA:
#   -DBERTH_TORCH=DIR   the folder "torch" of an installed PyTorch (2.7 or newer), with the CUDA
#                       that it needs beside it, as images/trainer-cuda.Containerfile gets both

include_guard(GLOBAL)

set(BERTH_TORCH "" CACHE PATH "Folder of a PyTorch package to build with, in place of Debian's")

find_package(ZLIB REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(httplib REQUIRED IMPORTED_TARGET cpp-httplib)

add_library(berth_torch INTERFACE)
target_link_libraries(berth_torch INTERFACE PkgConfig::httplib ZLIB::ZLIB OpenSSL::Crypto
                                            nlohmann_json::nlohmann_json CLI11::CLI11
                                            Threads::Threads)

# SYSTEM throughout: torch's headers are not written for our warnings.
if(BERTH_TORCH)
  # By hand: PyTorch's own CMake files ask for the whole CUDA toolkit, compiler included, and no
  # kernel of ours needs one.
  file(STRINGS ${BERTH_TORCH}/share/cmake/Torch/TorchConfig.cmake old_abi
       REGEX "_GLIBCXX_USE_CXX11_ABI=0")
  if(old_abi)
    message(FATAL_ERROR "${BERTH_TORCH} has the C++ ABI of 2014: take PyTorch 2.7 or newer")
  endif()
  get_filename_component(site ${BERTH_TORCH} DIRECTORY)
  file(GLOB cuda_headers ${site}/nvidia/*/include)
  file(GLOB cuda_libraries LIST_DIRECTORIES TRUE ${site}/nvidia/*/lib)
  target_include_directories(berth_torch SYSTEM INTERFACE
    ${BERTH_TORCH}/include ${BERTH_TORCH}/include/torch/csrc/api/include ${cuda_headers})
  foreach(name torch torch_cpu torch_cuda c10 c10_cuda)
    if(EXISTS ${BERTH_TORCH}/lib/lib${name}.so)
      target_link_libraries(berth_torch INTERFACE ${BERTH_TORCH}/lib/lib${name}.so)
    endif()
  endforeach()
  list(TRANSFORM cuda_libraries PREPEND "LINKER:-rpath-link,")
  target_link_options(berth_torch INTERFACE ${cuda_libraries})
  # PyTorch ships no Gloo headers, so its gangs need NCCL, and with it a CUDA device per worker.
  if(EXISTS ${site}/nvidia/nccl/include/nccl.h)
    target_compile_definitions(berth_torch INTERFACE USE_C10D_NCCL)
  endif()
else()
  find_package(Torch REQUIRED)
  separate_arguments(torch_flags UNIX_COMMAND "${TORCH_CXX_FLAGS}")
  target_link_libraries(berth_torch INTERFACE ${TORCH_LIBRARIES})
  target_include_directories(berth_torch SYSTEM INTERFACE ${TORCH_INCLUDE_DIRS})
  target_compile_options(berth_torch INTERFACE ${torch_flags})
  target_compile_definitions(berth_torch INTERFACE USE_C10D_GLOO)  # opens its header
endif()
