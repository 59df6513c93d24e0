# What only the workers need: libtorch for the arithmetic and the gang, a small HTTP server for
# /metrics. Debian's libtorch (CPU) is found by itself; another one, such as PyTorch's for CUDA,
# with -DCMAKE_PREFIX_PATH=DIR/libtorch.

find_package(Torch REQUIRED)
find_package(ZLIB REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(httplib REQUIRED IMPORTED_TARGET cpp-httplib)

# SYSTEM: torch's headers are not written for our warnings. USE_C10D_GLOO opens the header of the
# gang on CPUs; the library has it built in. NCCL comes with a CUDA build only, and its header needs
# nccl.h.
add_library(berth_torch INTERFACE)
target_link_libraries(berth_torch INTERFACE ${TORCH_LIBRARIES} PkgConfig::httplib ZLIB::ZLIB
                                            OpenSSL::Crypto nlohmann_json::nlohmann_json
                                            CLI11::CLI11 Threads::Threads)
target_include_directories(berth_torch SYSTEM INTERFACE ${TORCH_INCLUDE_DIRS})
separate_arguments(torch_flags UNIX_COMMAND "${TORCH_CXX_FLAGS}")
target_compile_options(berth_torch INTERFACE ${torch_flags})
target_compile_definitions(berth_torch INTERFACE USE_C10D_GLOO)

find_path(NCCL_INCLUDE_DIR nccl.h)
if(TORCH_CUDA_LIBRARIES AND NCCL_INCLUDE_DIR)
  target_compile_definitions(berth_torch INTERFACE USE_C10D_NCCL)
  target_include_directories(berth_torch SYSTEM INTERFACE ${NCCL_INCLUDE_DIR})
endif()
