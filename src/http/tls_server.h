#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"

// An HTTPS server for hot or untrusted traffic: HTTP/2 or HTTP/1.1 with keep-alive, as the peer
// chooses, over TLS 1.2 or newer, mutual TLS, hard limits on everything that a peer sends and on
// how long it takes to send it. The extender's verbs are served by it. (The operator's own pages
// are http/status_server.h.)
namespace berth::http {

// What one peer may cost. A request that passes a limit gets one line of text and is cut: over
// HTTP/1.1 with its connection, over HTTP/2 alone, unless the connection itself cannot go on.
struct Limits {
  size_t body_bytes_max = 8 * 1024 * 1024;         // by Content-Length and while reading: 413
  size_t header_bytes_max = 8 * 1024;              // request line and all headers: 431
  int connections_max = 256;                       // more are closed as they come
  size_t all_bodies_bytes_max = 64 * 1024 * 1024;  // of all connections, until answered: 503
  // Over HTTP/2, of one connection:
  size_t streams_max = 128;                        // requests at a time; more are reset
  size_t unfinished_bytes_max = 16 * 1024 * 1024;  // bodies that are not answered yet: 503
  Millis handshake_timeout{5'000};
  Millis header_timeout{2'000};    // from the first byte of a request: 408
  Millis body_timeout{5'000};      // from the end of the headers: 408
  Millis handler_timeout{10'000};  // for our own answer: 503
  Millis write_timeout{10'000};    // a peer that does not read its answer
  Millis idle_timeout{120'000};    // between requests; longer than the 90 s of Go's client
};

// PEM files. Read again while the server runs: a changed, complete and matching set is used for
// every connection from then on, and connections verified against another client CA end after what
// they have in hand; anything else keeps the one in use and is logged.
struct TlsFiles {
  std::string certificate;  // leaf first, then its chain
  std::string key;
  std::string client_ca;  // peers must show a certificate of this CA; may be empty on loopback
};

struct TlsServerOptions {
  std::string address = "127.0.0.1";  // numeric
  uint16_t port = 0;                  // 0: any free one, see TlsServer::port()
  TlsFiles tls;
  Limits limits;
  int threads = 2;
  Millis reload_interval{10'000};  // how often the files are compared with what is in use
};

struct Peer {
  std::string common_name;  // of the verified client certificate; empty without client_ca
};

// What a handler may ask further of the connection that calls it, during the call.
class Asking {
 public:
  virtual ~Asking() = default;
  virtual std::string_view header(std::string_view name) const = 0;  // empty when it is not there
  virtual std::string take_body() = 0;  // Request::body without a copy; it is empty afterwards
  // Calls `call` once, on a server thread, if the peer goes away before its answer is written.
  virtual void when_gone(std::function<void()> call) = 0;
};

// Views into the connection's buffer: valid during the call of the handler, no longer.
struct Request {
  std::string_view method;
  std::string_view target;
  std::string_view body;
  std::string_view content_type;  // as the peer says; empty when it does not
  Asking* asking = nullptr;       // over HTTP/1.1 only
};

struct Response {
  int status = 200;
  std::string body;
  std::string_view content_type = "application/json";               // a literal
  std::vector<std::pair<std::string_view, std::string>> headers{};  // further ones: literal, text
  bool is_last = false;  // over HTTP/1.1: the peer has to connect again, elsewhere perhaps
};

// One line of plain text, as every refusal of this server is.
Response text_response(int status, std::string_view line);
using Refusal = Response (*)(int status, std::string_view line);

// Gives the answer to one request. From any thread, inside the handler or later, even after the
// server is gone; only the first call counts.
using Respond = std::function<void(Response)>;

// Called on a server thread and must not block it: other peers wait behind it.
using Handler = std::function<void(const Request&, const Peer&, Respond respond)>;

class Server {
 public:
  virtual ~Server() = default;

  virtual uint16_t port() const = 0;
  virtual int connections() const = 0;
  // Stops accepting, lets requests in hand finish for at most `grace`, then cuts. Idempotent;
  // the destructor does it without grace. No handler runs after it has returned.
  virtual void stop(Millis grace) = 0;
};

class TlsServer : public Server {
 public:
  // Listens. Invalid when the options cannot be honoured, among them an address that is not
  // loopback without a client CA; Unavailable when the port is taken. `log` must outlive it.
  static Result<std::unique_ptr<TlsServer>> start(TlsServerOptions options, Handler handler,
                                                  Log& log);
  virtual Instant certificate_expiry() const = 0;  // of the leaf in use
};

}  // namespace berth::http
