#pragma once
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "http/metrics.h"
#include "http/tls_server.h"
#include "operator/extender/binder.h"
#include "operator/extender/mailbox.h"
#include "operator/extender/pace.h"
#include "operator/extender/shared_view.h"
#include "operator/extender/wire.h"

namespace berth::extender {

struct ServiceOptions {
  translate::Accelerators accelerators;
  // Common name that callers must show; empty accepts every caller that TLS let in.
  std::string client_name;
  bool bind = true;
  size_t binds_most = 256;  // at a time; kube-scheduler is held back beyond
  // For durations; base/clock.h counts whole milliseconds, which a /filter never takes.
  std::function<std::chrono::nanoseconds()> stopwatch;
};

// The HTTP face: POST /filter is answered on the server's thread from the view, POST /bind by the
// loop thread. Neither ever makes a server thread wait. Outlives the server that calls it.
class Service {
 public:
  Service(ServiceOptions options, SharedView& view, Binder& binder, Mailbox& mailbox,
          http::Metrics& metrics);

  // From any thread.
  void handle(const http::Request& request, const http::Peer& peer, const http::Respond& respond);

 private:
  using Started = std::chrono::nanoseconds;

  void pace_filter(std::string_view body, const http::Respond& respond, Started started);
  void handle_filter(std::string_view body, const http::Respond& respond, Started started);
  void handle_bind(std::string_view body, const http::Respond& respond, Started started);
  http::Response filter_again(const std::string& body, const std::string& read_error);
  http::Response answer(const FilterResult& result);
  void finish(const char* verb, Started started);

  std::unique_ptr<WireDecoder> take_decoder();
  void give_back(std::unique_ptr<WireDecoder> decoder);

  const ServiceOptions options_;
  SharedView& view_;
  Binder& binder_;
  Mailbox& mailbox_;
  http::Metrics& metrics_;
  Pace pace_;
  std::mutex mutex_;  // guards decoders_
  std::vector<std::unique_ptr<WireDecoder>> decoders_;
};

}  // namespace berth::extender
