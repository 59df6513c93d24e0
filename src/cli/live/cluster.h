#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "json/json_fwd.h"
#include "json/parse.h"
#include "kube/request.h"

namespace CLI {
class App;
}

// The way of the live commands to an API server: reads only.
namespace berth::cli {

// Which cluster, as kubectl's own flags say it; what is left out is found as kubectl finds it.
struct ClusterFlags {
  std::string kubeconfig;
  std::string context;
  std::string name_space;  // empty: the context's
  int64_t timeout_seconds = 30;
};
void add_cluster_flags(CLI::App& app, ClusterFlags& flags);
void add_namespace_flag(CLI::App& app, ClusterFlags& flags);

// An open way to one API server. `send` waits for the reply.
struct Connection {
  std::string name_space;  // meant where none is said
  std::function<Result<kube::Response>(const kube::Request&)> send;
  Millis timeout{30'000};  // of each request
};
using Connect = std::function<Result<Connection>(const ClusterFlags&)>;

// All objects of a kind, page by page; a list that expires on the way is begun anew, twice at most.
// `read` names the members that are kept, see json/parse.h. Errors: those of kube/reply.h, with
// what was attempted; NotFound where the server does not know the kind.
Result<std::vector<Json>> list_all(const Connection& connection, const kube::Resource& resource,
                                   const std::string& name_space = {},
                                   const ReadMembers& read = {});

}  // namespace berth::cli
