#include "serving/rest_service.h"

#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

namespace berth::serving {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kBinaryExtension = "binary_tensor_data";
constexpr std::string_view kHeaderLength = "Inference-Header-Content-Length";
constexpr std::string_view kTimeout = "berth-timeout-milliseconds";  // what berth-router sends on
constexpr int kClientGone = 499;  // as nginx counts it; nobody sees it

int status_of(Code code) {
  switch (code) {
    case Code::Invalid: return 400;
    case Code::NotFound: return 404;
    case Code::Unavailable: return 503;
    case Code::Timeout: return 504;
    default: return 500;
  }
}

http::Response refused(const Error& error) {
  http::Response response = RestService::refusal(status_of(error.code), error.message);
  if (error.retry_after) {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(*error.retry_after).count();
    response.headers = {{"Retry-After", std::to_string(seconds)}};
  }
  return response;
}

http::Response json(const Json& body, int status = 200) {
  return {.status = status, .body = body.dump()};
}

Json tensors(const std::vector<TensorSpec>& specs) {
  Json list = Json::array();
  for (const TensorSpec& spec : specs) {
    list.push_back(
        {{"name", spec.name}, {"datatype", name_of(spec.datatype)}, {"shape", spec.shape}});
  }
  return list;
}

// Cuts off and returns what stands before the next '/'.
std::string_view take_segment(std::string_view& path) {
  const std::string_view segment = path.substr(0, path.find('/'));
  path.remove_prefix(std::min(segment.size() + 1, path.size()));
  return segment;
}

// How much of the body is JSON, where the header says so. Error: Invalid when it is no number.
Result<std::optional<size_t>> header_length(const http::Request& request) {
  std::string_view text;
  if (request.asking) text = request.asking->header(kHeaderLength);
  if (text.empty()) return std::optional<size_t>();
  size_t length = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), length);
  if (failure != std::errc{} || end != text.data() + text.size()) {
    return Error{Code::Invalid, std::string(kHeaderLength) + ": want a whole number"};
  }
  return std::optional<size_t>(length);
}

// Until when the client waits: the nearer of its own deadline, if it gives one, and ours.
MicroTime deadline_of(const http::Request& request, Micros allowed) {
  const MicroTime now = now_micros();
  const std::string_view text = request.asking ? request.asking->header(kTimeout) : "";
  int64_t given = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), given);
  const bool is_given = failure == std::errc{} && end == text.data() + text.size() && given > 0;
  const auto most = std::chrono::ceil<std::chrono::milliseconds>(allowed);
  if (!is_given || given >= most.count()) return now + allowed;
  return now + std::chrono::milliseconds(given);
}

}  // namespace

// /v2/models/{name}[/versions/{version}][/{verb}]
struct RestService::Path {
  std::string_view name;
  std::string_view version;
  std::string_view verb;  // empty, ready, infer, or what is none

  static Path parse(std::string_view rest) {
    Path path;
    path.name = take_segment(rest);
    if (rest.starts_with("versions/")) {
      take_segment(rest);
      path.version = take_segment(rest);
    }
    path.verb = rest;
    return path;
  }
};

http::Response RestService::refusal(int status, std::string_view line) {
  return {.status = status, .body = error_json(line)};
}

void RestService::handle(const http::Request& request, http::Respond respond) {
  constexpr std::string_view kModels = "/v2/models/";
  const std::string_view target = request.target.substr(0, request.target.find('?'));
  if (target.starts_with(kModels)) {
    const Path path = Path::parse(target.substr(kModels.size()));
    if (path.verb == "infer") return infer(request, path, std::move(respond));
  }
  http::Response response = request.method == "GET" || request.method == "HEAD"
                                ? page(target)
                                : refusal(404, "nothing takes " + std::string(request.method) +
                                                   " at " + std::string(target));
  response.is_last = endpoint_.lifecycle().stage() == Stage::Draining;
  respond(std::move(response));
}

http::Response RestService::page(std::string_view path) const {
  constexpr std::string_view kModels = "/v2/models/";
  if (path == "/healthz") return {.body = "ok\n", .content_type = "text/plain"};
  if (path == "/metrics") {
    return {.body = endpoint_.metrics_text(), .content_type = "text/plain; version=0.0.4"};
  }
  if (path == "/v2" || path == "/v2/") return server_metadata();
  if (path == "/v2/health/live") return json({{"live", true}});
  if (path == "/v2/health/ready") return readiness();
  if (path.starts_with(kModels)) return model_page(Path::parse(path.substr(kModels.size())));
  return refusal(404, "there is nothing at " + std::string(path));
}

http::Response RestService::server_metadata() const {
  return json({{"name", "berth-server"},
               {"version", BERTH_VERSION},
               {"extensions", Json::array({kBinaryExtension})}});
}

http::Response RestService::readiness() const {
  const bool is_ready = endpoint_.lifecycle().stage() == Stage::Ready;
  return json({{"live", true}, {"ready", is_ready}}, is_ready ? 200 : 503);
}

http::Response RestService::model_page(const Path& path) const {
  if (!endpoint_.serves(path.name, path.version)) {
    return refusal(404, "there is no such model; this server has '" +
                            endpoint_.options().model.name + "' version '" +
                            endpoint_.options().model.version + "'");
  }
  if (path.verb == "ready") {
    const bool is_ready = endpoint_.lifecycle().stage() == Stage::Ready;
    return json({{"name", path.name}, {"ready", is_ready}}, is_ready ? 200 : 503);
  }
  if (path.verb.empty()) return model_metadata();
  return refusal(404, "a model has no '" + std::string(path.verb) + "'");
}

http::Response RestService::model_metadata() const {
  const Loaded* model = endpoint_.loaded();
  if (!model)
    return refused(Error{Code::Unavailable, "the model is not loaded yet", Millis{1'000}});
  return json({{"name", endpoint_.options().model.name},
               {"versions", Json::array({endpoint_.options().model.version})},
               {"platform", kPlatform},
               {"inputs", tensors(model->signature.inputs)},
               {"outputs", tensors(model->signature.outputs)},
               {"parameters", {{"device", model->device}, {"sha256", model->sha256}}}});
}

// Counts the request now and its answer when it comes.
http::Respond RestService::counted(http::Respond respond) {
  endpoint_.begun();
  return [this, begun = now_micros(), respond = std::move(respond)](http::Response response) {
    endpoint_.answered("http", std::to_string(response.status), begun);
    response.is_last = endpoint_.lifecycle().stage() == Stage::Draining;
    respond(std::move(response));
  };
}

void RestService::infer(const http::Request& request, const Path& path, http::Respond respond) {
  http::Respond reply = counted(std::move(respond));
  if (!endpoint_.serves(path.name, path.version)) return reply(model_page(path));
  if (request.method != "POST") return reply(refusal(405, "infer wants POST"));
  const Loaded* model = endpoint_.loaded();
  if (!model) {
    return reply(refused(Error{Code::Unavailable, "the model is not loaded yet", Millis{1'000}}));
  }
  const auto length = header_length(request);
  if (!length.ok()) return reply(refused(length.error()));
  const auto& options = endpoint_.options();
  const MicroTime deadline = deadline_of(request, options.request_timeout);
  // Beside the body itself, for which the HTTP server has made room.
  auto room = std::make_shared<http::BodyRoom>(endpoint_.held_bytes(), options.memory_bytes);
  auto parsed = parse_infer(
      model->signature, request.asking ? request.asking->take_body() : std::string(request.body),
      *length, *room);
  if (!parsed.ok()) return reply(refused(parsed.error()));
  const auto id =
      endpoint_.submit(std::move(*parsed), deadline,
                       [this, reply, room](const Request& asked, Result<Outputs> outputs) {
                         reply(answer(asked, outputs));
                       });
  if (!id.ok()) return reply(refused(id.error()));
  if (!request.asking) return;
  request.asking->when_gone([id = *id, reply = std::move(reply), model] {
    if (model->dispatcher->cancel(id)) reply({.status = kClientGone});
  });
}

http::Response RestService::answer(const Request& request, const Result<Outputs>& outputs) const {
  if (!outputs.ok()) return refused(outputs.error());
  auto rendered = render_infer(endpoint_.options().model, request, *outputs);
  if (!rendered.ok()) return refusal(500, rendered.error().message);
  http::Response response{.body = std::move(rendered->body)};
  if (rendered->header_bytes) {
    response.headers = {{kHeaderLength, std::to_string(*rendered->header_bytes)}};
    response.content_type = "application/octet-stream";
  }
  return response;
}

}  // namespace berth::serving
