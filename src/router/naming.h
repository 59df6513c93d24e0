#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "router/route_table.h"

// Which endpoint a request is for.
namespace berth::router {

// "fraud" of "/v2/models/fraud/infer"; empty when the path names none.
std::string_view endpoint_of_path(std::string_view path);

// "fraud" of "fraud", "fraud:8080", "fraud.risk" and "fraud.risk.svc.cluster.local", the namespace
// being risk; empty when it is that of another namespace, or an address.
std::string_view endpoint_of_host(std::string_view host, std::string_view name_space);

// Field 1 of the protobuf message in a gRPC body of one uncompressed message: `model_name` of every
// request of GRPCInferenceService that has one. Empty when it is not there.
std::string_view endpoint_of_message(std::string_view body);

// What a request says about where it wants to go. Views may be empty.
struct Names {
  std::string_view path;     // REST
  std::string_view header;   // berth-endpoint
  std::string_view host;     // Host or :authority
  std::string_view message;  // gRPC: the body
};

// The first that names one: path, header, host if it is an endpoint's, message, or the only
// endpoint that there is. Errors: NotFound, one line that says how to name it.
Result<const Endpoint*> find_endpoint(const RouteTable& table, const Names& names);

}  // namespace berth::router
