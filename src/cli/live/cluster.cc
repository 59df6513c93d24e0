#include "cli/live/cluster.h"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <utility>

#include "kube/reply.h"

namespace berth::cli {
namespace {

constexpr int64_t kPage = 500;
constexpr int kMostStarts = 3;

// What comes after a page; empty after the last.
std::string next_page(const Json& list) {
  const auto meta = list.find("metadata");
  if (meta == list.end() || !meta->is_object()) return {};
  const auto token = meta->find("continue");
  return token != meta->end() && token->is_string() ? token->get<std::string>() : std::string();
}

Error explain_absence(Error error, const kube::Resource& resource) {
  if (error.code == Code::NotFound && resource.group == kube::kQuotas.group) {
    error.message += " (is Berth installed there?)";
  }
  return error;
}

// As parse_reply(), but only what is read of each object is made into a value.
Result<Json> read_page(const Connection& connection, const kube::Request& request,
                       const ReadMembers& read) {
  const kube::Response response = BERTH_TRY(connection.send(request));
  if (response.status < 200 || response.status > 299) return kube::error_of(request, response);
  Json list = parse_json(response.body, read);
  if (!list.is_object()) {
    return Error{Code::Unavailable, kube::attempt(request) + ": the reply is not JSON"};
  }
  return list;
}

Result<std::vector<Json>> list_once(const Connection& connection, const kube::Resource& resource,
                                    const std::string& name_space, const ReadMembers& read) {
  kube::ListOptions options{.limit = kPage, .timeout = connection.timeout};
  options.select.name_space = name_space;
  std::vector<Json> objects;
  do {
    Json list = BERTH_TRY(read_page(connection, kube::list(resource, options), read));
    const auto items = list.find("items");
    if (items != list.end() && items->is_array()) {
      for (Json& item : *items) objects.push_back(std::move(item));
    }
    options.continue_token = next_page(list);
  } while (!options.continue_token.empty());
  return objects;
}

}  // namespace

void add_cluster_flags(CLI::App& app, ClusterFlags& flags) {
  app.add_option("--kubeconfig", flags.kubeconfig,
                 "Kubeconfig file; without it $KUBECONFIG, the pod's account, ~/.kube/config")
      ->type_name("FILE");
  app.add_option("--context", flags.context, "Context of the kubeconfig")->type_name("NAME");
  app.add_option("--request-timeout", flags.timeout_seconds, "Seconds for each request")
      ->check(CLI::Range(1, 3600))
      ->type_name("SECONDS")
      ->capture_default_str();
}

void add_namespace_flag(CLI::App& app, ClusterFlags& flags) {
  app.add_option("-n,--namespace", flags.name_space, "Namespace; without it the context's")
      ->type_name("NAME");
}

Result<std::vector<Json>> list_all(const Connection& connection, const kube::Resource& resource,
                                   const std::string& name_space, const ReadMembers& read) {
  for (int start = 1;; ++start) {
    auto objects = list_once(connection, resource, name_space, read);
    if (objects) return objects;
    if (objects.error().code == Code::Expired && start < kMostStarts) continue;
    return explain_absence(objects.error(), resource);
  }
}

}  // namespace berth::cli
