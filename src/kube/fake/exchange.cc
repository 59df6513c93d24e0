#include "kube/fake/exchange.h"

#include <nlohmann/json.hpp>
#include <utility>
#include <variant>

#include "kube/fake/objects.h"
#include "kube/fake/patch.h"
#include "kube/fake/reads.h"
#include "kube/fake/writes.h"
#include "kube/request.h"

namespace berth::kube::fake {
namespace {

Refusal not_served() {
  return {404, "NotFound", "the server could not find the requested resource"};
}

Refusal method_not_allowed() {
  return {405, "MethodNotAllowed", "the server does not allow this method on the resource"};
}

Response reply(const Call& call, const Kind& kind, int status, const Written& written) {
  if (const auto* refusal = std::get_if<Refusal>(&written)) return refuse(call, *refusal);
  return {status, std::nullopt, full_text(kind, *std::get<ObjectState>(written))};
}

Response create(World& world, const Call& call, const Kind& kind, const Request& request) {
  Json fresh = Json::parse(request.body, nullptr, false);
  if (!fresh.is_object()) return refuse(call, bad_request("the body is not a JSON object"));
  return reply(call, kind, 201, create_object(world, call, kind, std::move(fresh)));
}

Response update(World& world, const Call& call, const Kind& kind, const ObjectState& old,
                const Request& request) {
  const Part part = call.subresource == "status" ? Part::Status : Part::Object;
  Json fresh;
  if (request.method == Method::Patch) {
    auto patched = apply_patch(old->object(), request.content_type, request.body);
    if (const auto* refusal = std::get_if<Refusal>(&patched)) return refuse(call, *refusal);
    fresh = std::get<Json>(std::move(patched));
  } else {
    fresh = Json::parse(request.body, nullptr, false);
    if (!fresh.is_object()) return refuse(call, bad_request("the body is not a JSON object"));
  }
  return reply(call, kind, 200, update_object(world, call, kind, old, std::move(fresh), part));
}

Response remove(World& world, const Call& call, const Kind& kind, const ObjectState& old,
                const Request& request) {
  const auto deletion = parse_deletion(call, request.body);
  if (const auto* refusal = std::get_if<Refusal>(&deletion)) return refuse(call, *refusal);
  const auto deleted = delete_object(world, call, kind, old, std::get<Deletion>(deletion));
  if (const auto* refusal = std::get_if<Refusal>(&deleted)) return refuse(call, *refusal);
  const auto& [last, gone] = std::get<Deleted>(deleted);
  if (gone && kind.resource != kPods) return success(call, 200, uid_of(last->object()));
  return {200, std::nullopt, full_text(kind, *last)};
}

Response remove_collection(World& world, const Call& call, const Kind& kind,
                           const Request& request) {
  const auto deletion = parse_deletion(call, request.body);
  if (const auto* refusal = std::get_if<Refusal>(&deletion)) return refuse(call, *refusal);
  const auto select =
      parse_selector(call.name_space, call.param("labelSelector"), call.param("fieldSelector"));
  if (!select) return refuse(call, bad_request(select.error().message));
  const Storage::Objects all = world.storage.objects(kind.collection());
  for (const auto& [name, state] : all) {
    if (!select->matches(state->object())) continue;
    Call one = call;
    one.name = name.second;
    const auto deleted = delete_object(world, one, kind, state, std::get<Deletion>(deletion));
    if (const auto* refusal = std::get_if<Refusal>(&deleted)) return refuse(one, *refusal);
  }
  return success(call, 200, "");
}

// SubjectAccessReview and its relatives: nothing is stored.
Response review(const World& world, const Call& call, const Request& request) {
  Json body = Json::parse(request.body, nullptr, false);
  if (!body.is_object()) return refuse(call, bad_request("the body is not a JSON object"));
  const bool allowed = !world.allowed || world.allowed(body.value("spec", Json::object()));
  body["status"] = {{"allowed", allowed}};
  return {201, std::nullopt, body.dump()};
}

// What is served of the "/apis/GROUP/VERSION" that was asked for.
Response answer_discovery(const World& world, const Request& request) {
  Json resources = Json::array();
  for (const auto& [collection, kind] : world.kinds.all()) {
    if (discover(kind.resource).path != request.path) continue;
    resources.push_back({{"name", kind.resource.plural},
                         {"kind", kind.resource.kind},
                         {"namespaced", kind.resource.namespaced}});
  }
  if (resources.empty() || request.method != Method::Get) return refuse(Call{}, not_served());
  return {200, std::nullopt,
          Json{{"kind", "APIResourceList"}, {"resources", std::move(resources)}}.dump()};
}

Response answer_object(World& world, const Call& call, const Kind& kind, const Request& request) {
  const ObjectState old = world.storage.find(kind.collection(), {call.name_space, call.name});
  if (!old) return refuse(call, not_found(call));
  if (call.subresource == "scale") return answer_scale(world, call, kind, request);
  const bool status = call.subresource == "status" && kind.status_subresource;
  if (!call.subresource.empty() && !status) return refuse(call, not_served());
  switch (request.method) {
    case Method::Get: return {200, std::nullopt, full_text(kind, *old)};
    case Method::Put:
    case Method::Patch: return update(world, call, kind, old, request);
    case Method::Delete: return remove(world, call, kind, old, request);
    case Method::Post: return refuse(call, method_not_allowed());
  }
  __builtin_unreachable();
}

Response answer_collection(World& world, const Call& call, const Kind& kind,
                           const Request& request) {
  switch (request.method) {
    case Method::Get: return list_objects(world, call, kind);
    case Method::Post: return create(world, call, kind, request);
    case Method::Delete: return remove_collection(world, call, kind, request);
    case Method::Put:
    case Method::Patch: return refuse(call, method_not_allowed());
  }
  __builtin_unreachable();
}

}  // namespace

Response answer(World& world, const Request& request) {
  const auto call = parse_call(request);
  if (!call) return answer_discovery(world, request);
  if (call->group == "authorization.k8s.io") return review(world, *call, request);
  const Kind* kind = world.kinds.find(call->group, call->version, call->plural);
  if (kind == nullptr) return refuse(*call, not_served());
  if (call->name.empty()) return answer_collection(world, *call, *kind, request);
  if (kind->resource == kPods && request.method == Method::Post) {
    if (call->subresource == "binding") return bind_pod(world, *call, *kind, request);
    if (call->subresource == "eviction") return evict_pod(world, *call, *kind, request);
  }
  return answer_object(world, *call, *kind, request);
}

}  // namespace berth::kube::fake
