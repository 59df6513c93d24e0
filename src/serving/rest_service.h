#pragma once
#include <string>
#include <string_view>

#include "http/tls_server.h"
#include "serving/endpoint.h"

namespace berth::serving {

// The Open Inference Protocol v2 over REST, with /metrics and /healthz beside it. Every refusal is
// {"error": "..."}; one that may pass has Retry-After. While the server drains, every answer ends
// its connection, so that clients turn to others before it stops to listen.
class RestService {
 public:
  explicit RestService(Endpoint& endpoint) : endpoint_(endpoint) {}

  // From any thread; answers now or later. The endpoint must outlive all answers.
  void handle(const http::Request& request, http::Respond respond);

  // How the HTTP server refuses what never comes here.
  static http::Response refusal(int status, std::string_view line);

 private:
  struct Path;

  http::Response page(std::string_view path) const;
  http::Response model_page(const Path& path) const;
  http::Response server_metadata() const;
  http::Response model_metadata() const;
  http::Response readiness() const;
  void infer(const http::Request& request, const Path& path, http::Respond respond);
  http::Response answer(const Request& request, const Result<Outputs>& outputs) const;
  http::Respond counted(http::Respond respond);

  Endpoint& endpoint_;
};

}  // namespace berth::serving
