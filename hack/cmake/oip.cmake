# The messages of the Open Inference Protocol, as protoc makes them. Without gRPC: what reads them
# is fuzzed in builds that have no worker.
#   oip_messages   <inference.pb.h>, from src/worker/serve/inference.proto
find_library(OIP_protobuf protobuf REQUIRED)
find_program(PROTOC protoc REQUIRED)

set(proto ${CMAKE_SOURCE_DIR}/src/worker/serve/inference.proto)
set(proto_out ${CMAKE_BINARY_DIR}/proto)
file(MAKE_DIRECTORY ${proto_out})
add_custom_command(
  OUTPUT ${proto_out}/inference.pb.cc ${proto_out}/inference.pb.h
  COMMAND ${PROTOC} --proto_path=${CMAKE_SOURCE_DIR}/src/worker/serve --cpp_out=${proto_out}
          ${proto}
  DEPENDS ${proto}
  COMMENT "protoc inference.proto")

# Without berth_flags: generated code is not written for our warnings.
add_library(oip_messages STATIC ${proto_out}/inference.pb.cc)
target_include_directories(oip_messages SYSTEM PUBLIC ${proto_out})
target_link_libraries(oip_messages PUBLIC ${OIP_protobuf} Threads::Threads)
