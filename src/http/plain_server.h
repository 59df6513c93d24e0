#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "http/body_room.h"
#include "http/incoming.h"
#include "http/tls_server.h"

namespace berth::http {

struct PlainServerOptions {
  std::string address = "127.0.0.1";  // numeric
  uint16_t port = 0;                  // 0: any free one, see Server::port()
  Limits limits;
  int threads = 1;
  BodyRoom::Sum bodies;             // shared with what else holds requests; null: its own
  Incoming::Sum incoming;           // connections that are reading a request; null: nobody asks
  Refusal refusal = text_response;  // how what cannot reach the handler is answered
};

// The same HTTP/1.1 with the same limits without TLS, for what runs behind something that has it:
// inside a pod's network, or next to its peer. Whom it serves is not known to it.
class PlainServer {
 public:
  // Listens. Invalid for an address that is none, Unavailable when the port is taken. `log` must
  // outlive it.
  static Result<std::unique_ptr<Server>> start(PlainServerOptions options, Handler handler,
                                               Log& log);
};

}  // namespace berth::http
