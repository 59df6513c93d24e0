#include "kube/reply.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "json/parse.h"
#include "kube/resource.h"

namespace berth::kube {

namespace {

constexpr size_t kMessageMax = 2048;       // bytes; a Status may quote a whole object
constexpr size_t kQuoteMax = 200;          // bytes of a body that is not a Status
constexpr std::chrono::hours kWaitMax{1};  // a hint of more is a mistake, not a plan

// A request path taken apart: "/apis/GROUP/VERSION/namespaces/NS/PLURAL/NAME/SUB".
struct Place {
  std::string_view group;
  std::string_view plural;
  std::string_view name_space;
  std::string_view name;
  std::string_view subresource;
};

std::vector<std::string_view> segments_of(std::string_view path) {
  std::vector<std::string_view> segments;
  while (!path.empty()) {
    const size_t slash = std::min(path.find('/'), path.size());
    if (slash > 0) segments.push_back(path.substr(0, slash));
    path.remove_prefix(std::min(slash + 1, path.size()));
  }
  return segments;
}

std::optional<Place> place_of(const Request& request) {
  const auto segments = segments_of(request.path);
  const bool core = !segments.empty() && segments[0] == "api";
  size_t at = core ? 2 : 3;
  if (segments.size() <= at) return std::nullopt;

  Place place;
  if (!core) place.group = segments[1];
  // "namespaces/NS/PLURAL..." is inside a namespace, "namespaces/NS" and its parts are itself.
  const bool inside = segments[at] == "namespaces" && segments.size() > at + 2 &&
                      segments[at + 2] != "status" && segments[at + 2] != "finalize";
  if (inside) {
    place.name_space = segments[at + 1];
    at += 2;
  }
  place.plural = segments[at];
  if (segments.size() > at + 1) place.name = segments[at + 1];
  if (segments.size() > at + 2) place.subresource = segments[at + 2];
  return place;
}

std::string_view kind_of(const Place& place) {
  const auto known = known_resources();
  const auto found = std::find_if(known.begin(), known.end(), [&](const Resource& resource) {
    return resource.group == place.group && resource.plural == place.plural;
  });
  return found == known.end() ? place.plural : found->kind;
}

std::string_view verb_of(const Request& request, const Place& place) {
  switch (request.method) {
    case Method::Get:
      if (!place.name.empty()) return "get";
      return request.query.find("watch=true") != std::string::npos ? "watch" : "list";
    case Method::Post:
      if (place.subresource == "binding") return "bind";
      return place.subresource == "eviction" ? "evict" : "create";
    case Method::Put: return "replace";
    case Method::Patch: return "patch";
    case Method::Delete: return place.name.empty() ? "delete every" : "delete";
  }
  __builtin_unreachable();
}

// Fields of a Status object, which comes from the network: any of them may be anything.
std::string text_field(const Json& object, const char* field) {
  if (!object.is_object()) return {};
  const auto value = object.find(field);
  return value != object.end() && value->is_string() ? value->get<std::string>() : std::string{};
}

int64_t number_at(const Json& object, const char* field) {
  if (!object.is_object()) return 0;
  const auto value = object.find(field);
  return value != object.end() && value->is_number_integer() ? value->get<int64_t>() : 0;
}

const Json& child(const Json& object, const char* field) {
  static const Json kNone;
  if (!object.is_object()) return kNone;
  const auto value = object.find(field);
  return value == object.end() ? kNone : *value;
}

bool has_cause(const Json& status, std::string_view reason) {
  const Json& causes = child(child(status, "details"), "causes");
  return causes.is_array() && std::any_of(causes.begin(), causes.end(), [&](const Json& cause) {
           return text_field(cause, "reason") == reason;
         });
}

// "spec.limits[0].guaranteed: must not be negative; spec.weight: ..."; empty without field causes.
std::string field_causes(const Json& status) {
  std::string text;
  const Json& causes = child(child(status, "details"), "causes");
  if (!causes.is_array()) return text;
  for (const Json& cause : causes) {
    const std::string field = text_field(cause, "field");
    if (field.empty()) continue;
    if (!text.empty()) text += "; ";
    text += field + ": " + text_field(cause, "message");
    if (text.size() > kMessageMax) break;
  }
  return text;
}

Code code_of(int status, std::string_view reason, const Json& body) {
  switch (status) {
    case 401: return Code::Unauthorized;
    case 403: return Code::Forbidden;
    case 404: return Code::NotFound;
    case 408: return Code::Timeout;
    case 409: return reason == "AlreadyExists" ? Code::AlreadyExists : Code::Conflict;
    case 410: return Code::Expired;
    case 429: return Code::Unavailable;
    case 504:
      // Not slow but behind: this server has not seen the version yet that another one gave us.
      return has_cause(body, "ResourceVersionTooLarge") ? Code::Unavailable : Code::Timeout;
    default: return status >= 400 && status < 500 ? Code::Invalid : Code::Unavailable;
  }
}

std::string cut(std::string text, size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  text.resize(bytes_max);
  return text + "...";
}

std::optional<Millis> wait_of(int status, const Json& body) {
  if (const int64_t asked = number_at(child(body, "details"), "retryAfterSeconds"); asked > 0)
    return std::min(std::chrono::seconds(asked), std::chrono::seconds(kWaitMax));
  if (status == 429 || has_cause(body, "ResourceVersionTooLarge")) return std::chrono::seconds(1);
  return std::nullopt;
}

Error error_from(const Request& request, int status, const Json& body, std::string_view text) {
  const std::string reason = text_field(body, "reason");
  std::string message = field_causes(body);
  if (message.empty()) message = text_field(body, "message");
  if (message.empty()) message = cut(std::string(text), kQuoteMax);

  std::string full = attempt(request) + ": " + std::to_string(status);
  if (!reason.empty()) full += " " + reason;
  if (!message.empty()) full += ": " + cut(std::move(message), kMessageMax);
  return {code_of(status, reason, body), std::move(full), wait_of(status, body)};
}

}  // namespace

std::string attempt(const Request& request) {
  const auto place = place_of(request);
  if (!place) return "ask for " + request.path;
  std::string text(verb_of(request, *place));
  text += ' ';
  text += kind_of(*place);
  if (place->name.empty()) {
    if (!place->name_space.empty()) text += " in " + std::string(place->name_space);
    return text;
  }
  text += ' ';
  if (!place->name_space.empty()) text += std::string(place->name_space) + "/";
  text += place->name;
  if (place->subresource == "status" || place->subresource == "scale")
    text += " " + std::string(place->subresource);
  return text;
}

Error error_of(const Request& request, const Response& response) {
  Json body = parse_json(response.body);
  if (body.is_discarded()) body = nullptr;
  Error error = error_from(request, response.status, body, body.is_null() ? response.body : "");
  if (response.retry_after) error.retry_after = std::min(*response.retry_after, Millis{kWaitMax});
  return error;
}

Error error_of_event(const Request& request, const Json& status) {
  const int64_t code = number_at(status, "code");
  const bool plausible = code >= 400 && code < 600;
  return error_from(request, plausible ? static_cast<int>(code) : 500, status, "");
}

Result<Json> parse_reply(const Request& request, Result<Response> response) {
  if (!response) {
    Error error = response.error();
    error.message = attempt(request) + ": " + error.message;
    return error;
  }
  if (response->status < 200 || response->status > 299) return error_of(request, *response);
  Json body = parse_json(response->body);
  if (body.is_discarded())
    return Error{Code::Unavailable, attempt(request) + ": the reply is not JSON: '" +
                                        cut(response->body, kQuoteMax) + "'"};
  return body;
}

}  // namespace berth::kube
