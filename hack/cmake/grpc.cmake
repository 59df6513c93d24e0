# gRPC, which only berth-server speaks, and the code that its plugin makes of the protocol.
#   oip_proto   <inference.grpc.pb.h>, over oip_messages

# By name: pkg-config walks through gRPC's hundreds of parts for minutes. absl_synchronization is
# what gRPC's headers call.
foreach(name grpc++ grpc gpr absl_synchronization)
  find_library(OIP_${name} ${name} REQUIRED)
  list(APPEND oip_libraries ${OIP_${name}})
endforeach()
find_program(GRPC_CPP_PLUGIN grpc_cpp_plugin REQUIRED)

add_custom_command(
  OUTPUT ${proto_out}/inference.grpc.pb.cc ${proto_out}/inference.grpc.pb.h
  COMMAND ${PROTOC} --proto_path=${CMAKE_SOURCE_DIR}/src/worker/serve --grpc_out=${proto_out}
          --plugin=protoc-gen-grpc=${GRPC_CPP_PLUGIN} ${proto}
  DEPENDS ${proto}
  COMMENT "protoc inference.proto for gRPC")

add_library(oip_proto STATIC ${proto_out}/inference.grpc.pb.cc)
target_link_libraries(oip_proto PUBLIC ${oip_libraries} oip_messages)
