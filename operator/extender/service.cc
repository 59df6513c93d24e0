#include "operator/extender/service.h"

#include <utility>

namespace berth::extender {
namespace {

// A decoder that a giant body has blown up is not kept.
constexpr size_t kDecoderBytesMax = 1024 * 1024;

// Without a word about it, it is what kube-scheduler sends. Parameters change nothing.
bool is_json(std::string_view type) {
  const std::string_view media = type.substr(0, type.find(';'));
  return media.empty() || media == "application/json" || media == "application/json ";
}

http::Response malformed(const char* verb, const Error& error) {
  return http::text_response(400, std::string(verb) + ": " + error.message);
}

}  // namespace

Service::Service(ServiceOptions options, SharedView& view, Binder& binder, Mailbox& mailbox,
                 http::Metrics& metrics)
    : options_(std::move(options)),
      view_(view),
      binder_(binder),
      mailbox_(mailbox),
      metrics_(metrics),
      pace_(options_.binds_most) {}

void Service::handle(const http::Request& request, const http::Peer& peer,
                     const http::Respond& respond) {
  if (!options_.client_name.empty() && peer.common_name != options_.client_name) {
    return respond(
        http::text_response(403, "this is for " + options_.client_name + " and its certificate"));
  }
  const bool is_filter = request.target == "/filter";
  const bool is_bind = request.target == "/bind" && options_.bind;
  if (!is_filter && !is_bind) {
    return respond(http::text_response(404, "not here: only /filter and, if it is on, /bind"));
  }
  if (request.method != "POST") return respond(http::text_response(405, "only POST is served"));
  if (!is_json(request.content_type)) {
    return respond(http::text_response(415, "only application/json is read"));
  }
  const Started started = options_.stopwatch();
  if (is_filter) return pace_filter(request.body, respond, started);
  handle_bind(request.body, respond, started);
}

void Service::pace_filter(std::string_view body, const http::Respond& respond, Started started) {
  const bool now = pace_.goes_on([&]() -> Pace::Work {
    return [this, later = std::string(body), respond, started] {
      handle_filter(later, respond, started);
    };
  });
  if (now) handle_filter(body, respond, started);
}

void Service::handle_filter(std::string_view body, const http::Respond& respond, Started started) {
  auto decoder = take_decoder();
  const auto args = decoder->filter_args(body);
  if (!args.ok()) {
    metrics_.add("berth_extender_requests_total", {"filter", "error"});
    give_back(std::move(decoder));
    return respond(malformed("filter", args.error()));
  }
  const FilterAnswer answered = view_.read([&](const View& view) { return filter(**args, view); });
  if (const auto* result = std::get_if<FilterResult>(&answered)) {
    http::Response response = answer(*result);  // has views into the decoder
    give_back(std::move(decoder));
    finish("filter", started);
    return respond(std::move(response));
  }
  give_back(std::move(decoder));
  mailbox_.post(
      [this, what = std::get<ReadOwner>(answered), body = std::string(body), respond, started] {
        binder_.read(what, [this, body, respond, started](const std::string& read_error) {
          http::Response response = filter_again(body, read_error);
          finish("filter", started);
          respond(std::move(response));
        });
      });
}

http::Response Service::filter_again(const std::string& body, const std::string& read_error) {
  auto decoder = take_decoder();
  const auto args = decoder->filter_args(body);
  FilterAnswer answered = view_.read(
      [&](const View& view) { return filter(**args, view, {.owner = true, .pod = true}); });
  auto& result = std::get<FilterResult>(answered);
  if (!result.error.empty() && !read_error.empty()) result.error += " (" + read_error + ")";
  http::Response response = answer(result);
  give_back(std::move(decoder));
  return response;
}

http::Response Service::answer(const FilterResult& result) {
  const char* outcome = "answered";
  if (result.node_names.empty()) outcome = "refused";
  if (!result.error.empty()) outcome = "error";
  metrics_.add("berth_extender_requests_total", {"filter", outcome});
  http::Response response;
  encode(result, response.body);
  return response;
}

void Service::handle_bind(std::string_view body, const http::Respond& respond, Started started) {
  auto decoder = take_decoder();
  auto args = decoder->binding_args(body);
  give_back(std::move(decoder));
  if (!args.ok()) {
    metrics_.add("berth_extender_requests_total", {"bind", "error"});
    return respond(malformed("bind", args.error()));
  }
  pace_.bind_began();
  mailbox_.post([this, args = std::move(*args), respond, started] {
    binder_.bind(args, [this, respond, started](const std::string& error) {
      metrics_.add("berth_extender_requests_total", {"bind", error.empty() ? "answered" : "error"});
      http::Response response;
      encode_binding_result(error, response.body);
      finish("bind", started);
      respond(std::move(response));
      pace_.bind_ended();
    });
  });
}

void Service::finish(const char* verb, Started started) {
  const std::chrono::duration<double> took = options_.stopwatch() - started;
  metrics_.observe("berth_extender_request_duration_seconds", {verb}, took.count());
}

std::unique_ptr<WireDecoder> Service::take_decoder() {
  {
    const std::lock_guard lock(mutex_);
    if (!decoders_.empty()) {
      auto decoder = std::move(decoders_.back());
      decoders_.pop_back();
      return decoder;
    }
  }
  return std::make_unique<WireDecoder>(options_.accelerators);
}

void Service::give_back(std::unique_ptr<WireDecoder> decoder) {
  if (decoder->capacity_bytes() > kDecoderBytesMax) return;
  const std::lock_guard lock(mutex_);
  decoders_.push_back(std::move(decoder));
}

}  // namespace berth::extender
