#include "kube/fake/fake_server.h"

#include <utility>

#include "kube/fake/collector.h"
#include "kube/fake/exchange.h"
#include "kube/fake/reads.h"
#include "kube/request.h"

namespace berth::kube::fake {
namespace {

std::string collection_of(const Resource& resource) {
  return std::string(resource.group) + "/" + std::string(resource.plural);
}

}  // namespace

FakeServer::FakeServer(const Clock& clock) : world_{.clock = clock} {
  for (const char* name : {"default", "kube-system"}) {
    handle(create(kNamespaces, {{"metadata", {{"name", name}}}}));
  }
}

void FakeServer::validate_with(const Resource& resource, Validator validate) {
  Kind* kind = world_.kinds.find(resource.group, resource.version, resource.plural);
  if (kind == nullptr) {
    serve({.resource = resource, .validate = std::move(validate)});
  } else {
    kind->validate = std::move(validate);
  }
}

void FakeServer::authorize_with(std::function<bool(const Json&)> allowed) {
  world_.allowed = std::move(allowed);
}

Response FakeServer::handle(const Request& request) { return answer(world_, request); }

std::variant<WatchCursor, Response> FakeServer::watch(const Request& request) {
  const auto call = parse_call(request);
  const Kind* kind = call ? world_.kinds.find(call->group, call->version, call->plural) : nullptr;
  if (kind == nullptr) {
    return refuse(Call{}, {404, "NotFound", "the server could not find the requested resource"});
  }
  auto started = start_watch(world_, *call, *kind);
  if (const auto* refusal = std::get_if<Refusal>(&started)) return refuse(*call, *refusal);
  return std::get<WatchCursor>(std::move(started));
}

std::optional<std::string> FakeServer::next_line(WatchCursor& cursor) {
  return fake::next_line(world_, cursor);
}

std::string FakeServer::bookmark(WatchCursor& cursor) { return bookmark_line(world_, cursor); }

bool FakeServer::collect_one() { return fake::collect_one(world_); }

void FakeServer::collect_garbage() {
  while (collect_one()) continue;
}

const Json* FakeServer::find(const Resource& resource, std::string_view name_space,
                             std::string_view name) const {
  const ObjectState found =
      world_.storage.find(collection_of(resource), {std::string(name_space), std::string(name)});
  return found ? &found->object() : nullptr;
}

std::vector<const Json*> FakeServer::list(const Resource& resource,
                                          std::string_view name_space) const {
  std::vector<const Json*> found;
  for (const auto& [name, state] : world_.storage.objects(collection_of(resource))) {
    if (name_space.empty() || name.first == name_space) found.push_back(&state->object());
  }
  return found;
}

}  // namespace berth::kube::fake
