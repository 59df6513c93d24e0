# gRPC, which only berth-server speaks, and the code that protoc makes of its protocol.
#   oip_proto   <inference.grpc.pb.h>, from src/worker/serve/inference.proto

# By name: pkg-config walks through gRPC's hundreds of parts for minutes. absl_synchronization is
# what gRPC's headers call.
foreach(name grpc++ grpc gpr protobuf absl_synchronization)
  find_library(OIP_${name} ${name} REQUIRED)
  list(APPEND oip_libraries ${OIP_${name}})
endforeach()
find_program(PROTOC protoc REQUIRED)
find_program(GRPC_CPP_PLUGIN grpc_cpp_plugin REQUIRED)

set(proto ${CMAKE_SOURCE_DIR}/src/worker/serve/inference.proto)
set(proto_out ${CMAKE_BINARY_DIR}/proto)
file(MAKE_DIRECTORY ${proto_out})
add_custom_command(
  OUTPUT ${proto_out}/inference.pb.cc ${proto_out}/inference.pb.h
         ${proto_out}/inference.grpc.pb.cc ${proto_out}/inference.grpc.pb.h
  COMMAND ${PROTOC} --proto_path=${CMAKE_SOURCE_DIR}/src/worker/serve --cpp_out=${proto_out}
          --grpc_out=${proto_out} --plugin=protoc-gen-grpc=${GRPC_CPP_PLUGIN} ${proto}
  DEPENDS ${proto}
  COMMENT "protoc inference.proto")

# Without berth_flags: generated code is not written for our warnings.
add_library(oip_proto STATIC ${proto_out}/inference.pb.cc ${proto_out}/inference.grpc.pb.cc)
target_include_directories(oip_proto SYSTEM PUBLIC ${proto_out})
target_link_libraries(oip_proto PUBLIC ${oip_libraries} Threads::Threads)
