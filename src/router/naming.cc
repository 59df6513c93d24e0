#include "router/naming.h"

#include "router/protobuf.h"

namespace berth::router {
namespace {

constexpr std::string_view kModels = "/v2/models/";

const Endpoint* look_up(const RouteTable& table, std::string_view name) {
  if (name.empty()) return nullptr;
  const auto found = table.endpoints.find(name);
  return found == table.endpoints.end() ? nullptr : &found->second;
}

Error not_found(std::string_view name) {
  std::string line = name.empty() ? "the request names no endpoint"
                                  : "there is no endpoint '" + std::string(name.substr(0, 63)) +
                                        "' in this namespace";
  return {Code::NotFound,
          line +
              "; name it by the path /v2/models/NAME, the header berth-endpoint: NAME, the host "
              "NAME.NAMESPACE, or over gRPC model_name"};
}

}  // namespace

std::string_view endpoint_of_path(std::string_view path) {
  if (!path.starts_with(kModels)) return {};
  path.remove_prefix(kModels.size());
  return path.substr(0, path.find_first_of("/?"));
}

std::string_view endpoint_of_host(std::string_view host, std::string_view name_space) {
  host = host.substr(0, host.find(':'));
  const size_t dot = host.find('.');
  if (dot == std::string_view::npos) return host;
  const std::string_view rest = host.substr(dot + 1);
  return rest.substr(0, rest.find('.')) == name_space ? host.substr(0, dot) : std::string_view();
}

std::string_view endpoint_of_message(std::string_view body) {
  auto message = message_of(body);
  // Fields come in the order of their numbers from every known encoder: no other is skipped.
  const auto first = message ? take_field(*message) : std::nullopt;
  return first && first->number == 1 ? first->content : std::string_view();
}

Result<const Endpoint*> find_endpoint(const RouteTable& table, const Names& names) {
  for (const std::string_view name : {endpoint_of_path(names.path), names.header}) {
    if (name.empty()) continue;
    if (const Endpoint* named = look_up(table, name)) return named;
    return not_found(name);  // said outright, so no guess
  }
  const Endpoint* hosted = look_up(table, endpoint_of_host(names.host, table.name_space));
  if (hosted != nullptr) return hosted;
  const std::string_view model = endpoint_of_message(names.message);
  if (const Endpoint* named = look_up(table, model)) return named;
  if (model.empty() && table.endpoints.size() == 1) return &table.endpoints.begin()->second;
  return not_found(model);
}

}  // namespace berth::router
