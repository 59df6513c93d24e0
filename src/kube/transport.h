#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

// The one seam between Berth and an API server. Everything above it (informers, election, effects)
// is single-threaded and does no I/O of its own; curl, the in-memory server and the simulation
// stand below it. See kube/curl_transport.h and kube/fake/fake_transport.h.
namespace berth::kube {

enum class Method { Get, Post, Put, Patch, Delete };

struct Request {
  Method method = Method::Get;
  std::string path;          // "/apis/berth.dev/v1alpha1/quotas", without host
  std::string query;         // "limit=500&resourceVersion=7", already escaped, without '?'
  std::string content_type;  // of the body; empty when there is none
  std::string body;
  Millis timeout{10'000};  // whole exchange; for a stream: longest silence

  bool operator==(const Request&) const = default;
};

struct Response {
  int status = 0;
  std::optional<Millis> retry_after;
  std::string body;
};

using StreamId = uint64_t;

// What an open stream tells its owner. on_line is called once per line of the body (a JSON document
// without the newline); on_end exactly once, after which the id is dead. `ended` is ok when the
// server closed the stream cleanly. Neither is called after close().
struct StreamSink {
  std::function<void(std::string_view line)> on_line;
  std::function<void(Status ended)> on_end;
};

// Errors of a reply are those of the exchange (Unavailable, Timeout, ...). An HTTP error status is
// a Response; kube/reply.h turns it into an Error.
class Transport {
 public:
  using Reply = std::function<void(Result<Response>)>;

  virtual ~Transport() = default;
  // Starts an exchange. `reply` is called exactly once, later, from the loop that drives the
  // transport, never from inside send().
  virtual void send(Request request, Reply reply) = 0;
  // Opens a watch. A status other than 200 ends the stream with the matching error.
  virtual StreamId open(Request request, StreamSink sink) = 0;
  virtual void close(StreamId id) = 0;
};

}  // namespace berth::kube
