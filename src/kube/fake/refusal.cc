#include "kube/fake/refusal.h"

#include <nlohmann/json.hpp>

namespace berth::kube::fake {
namespace {

std::string resource_of(const Call& call) {
  return call.group.empty() ? call.plural : call.plural + "." + call.group;
}

Json details_of(const Call& call, const Refusal& refusal) {
  Json details = {{"kind", call.plural}};
  if (!call.group.empty()) details["group"] = call.group;
  if (!call.name.empty()) details["name"] = call.name;
  if (refusal.retry_after_seconds > 0) details["retryAfterSeconds"] = refusal.retry_after_seconds;
  for (const Violation& cause : refusal.causes) {
    details["causes"].push_back(
        {{"reason", "FieldValueInvalid"}, {"message", cause.message}, {"field", cause.path}});
  }
  for (const auto& [reason, message] : refusal.typed_causes) {
    details["causes"].push_back({{"reason", reason}, {"message", message}});
  }
  return details;
}

}  // namespace

Refusal bad_request(std::string message) { return {400, "BadRequest", std::move(message)}; }

Refusal forbidden(const Call& call, std::string why) {
  return {403, "Forbidden",
          resource_of(call) + " \"" + call.name + "\" is forbidden: " + std::move(why)};
}

Refusal not_found(const Call& call) {
  return {404, "NotFound", resource_of(call) + " \"" + call.name + "\" not found"};
}

Refusal already_exists(const Call& call, const std::string& name) {
  return {409, "AlreadyExists", resource_of(call) + " \"" + name + "\" already exists"};
}

Refusal conflict(const Call& call, std::string why) {
  return {409, "Conflict",
          "Operation cannot be fulfilled on " + resource_of(call) + " \"" + call.name +
              "\": " + std::move(why)};
}

Refusal expired(std::string message) { return {410, "Expired", std::move(message)}; }

Refusal invalid(const Call& call, const std::string& name, Violations causes) {
  std::string message = resource_of(call) + " \"" + name + "\" is invalid";
  for (const Violation& cause : causes) message += ": " + cause.path + ": " + cause.message;
  return {422, "Invalid", std::move(message), std::move(causes)};
}

// A path may be any bytes, and is repeated here.
std::string status_text(const Call& call, const Refusal& refusal) {
  return Json{{"kind", "Status"},
              {"apiVersion", "v1"},
              {"metadata", Json::object()},
              {"status", "Failure"},
              {"message", refusal.message},
              {"reason", refusal.reason},
              {"details", details_of(call, refusal)},
              {"code", refusal.status}}
      .dump(-1, ' ', false, Json::error_handler_t::replace);
}

Response refuse(const Call& call, const Refusal& refusal) {
  Response response{refusal.status, std::nullopt, status_text(call, refusal)};
  if (refusal.retry_after_seconds > 0) {
    response.retry_after = std::chrono::seconds(refusal.retry_after_seconds);
  }
  return response;
}

Response success(const Call& call, int status, const std::string& uid) {
  Json details = {{"name", call.name}, {"kind", call.plural}};
  if (!call.group.empty()) details["group"] = call.group;
  if (!uid.empty()) details["uid"] = uid;
  return {status, std::nullopt,
          Json{{"kind", "Status"},
               {"apiVersion", "v1"},
               {"metadata", Json::object()},
               {"status", "Success"},
               {"details", details}}
              .dump()};
}

}  // namespace berth::kube::fake
