#pragma once
#include <curl/curl.h>

#include <array>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "kube/credentials.h"
#include "kube/curl_loop.h"
#include "kube/line_buffer.h"
#include "kube/transport.h"

namespace berth::kube {

// Where the server is, as libcurl wants it told.
struct Endpoint {
  std::string base_url;    // without '/' at its end
  std::string connect_to;  // "::HOST:PORT" when the certificate names somebody else
  std::string host;        // the Host header then
  bool is_tls = true;
};
Endpoint endpoint_of(const ClusterEntry& cluster);

// Bounds and names that all exchanges of a transport share.
struct WireRules {
  Endpoint endpoint;
  std::string user_agent;
  size_t max_body_bytes;
  size_t max_line_bytes;
  Millis connect_timeout;
};

// One request and what came back so far: a reply that is collected, or a stream of lines. Knows
// libcurl's options and callbacks; does not know the loop's rules about time and order.
class CurlExchange {
 public:
  CurlExchange(StreamId id, Request request, Transport::Reply reply, const WireRules& rules);
  CurlExchange(StreamId id, Request request, StreamSink sink, const WireRules& rules);
  ~CurlExchange() { leave(); }
  CurlExchange(const CurlExchange&) = delete;
  CurlExchange& operator=(const CurlExchange&) = delete;

  // Puts the request on the wire as `identity`. `easy` is reset first and owned by the caller; it
  // is free again after leave().
  void start(CURL* easy, CurlLoop& loop, std::shared_ptr<const Identity> identity);
  // Takes it off the wire, if it is there.
  void leave();

  // libcurl is done with it.
  void finish(CURLcode code);
  // Ends it with an error of ours.
  void fail(Error error);
  // Hands out the lines that are there.
  void deliver_lines();
  // Tells the owner how it ended; nothing is told twice or after close.
  void deliver_end();

  bool is_stream() const { return is_stream_; }
  bool has_ended() const { return ended_; }
  int status() const { return status_; }
  StreamId id() const { return id_; }
  CURL* easy() const { return easy_; }
  CurlLoop* loop() const { return loop_; }
  const Request& request() const { return request_; }
  const std::shared_ptr<const Identity>& identity() const { return identity_; }

  bool closed = false;        // by its owner, who wants to hear no more
  bool heard = false;         // received something since the owner of this flag last looked
  bool reauthorized = false;  // was sent again after a 401
  Monotonic deadline{};       // of the reply, or of the next sign of life

 private:
  static size_t on_header(char* data, size_t size, size_t count, void* self);
  static size_t on_body(char* data, size_t size, size_t count, void* self);
  void note_heard();
  bool take(std::string_view bytes);
  void set_request_options();
  void set_security_options();
  void set_headers();
  void add_header(const std::string& line);
  Error wire_error(CURLcode code) const;
  void forget_answer();

  StreamId id_;
  Request request_;
  Transport::Reply reply_;
  StreamSink sink_;
  bool is_stream_;
  const WireRules& rules_;

  CURL* easy_ = nullptr;
  CurlLoop* loop_ = nullptr;
  curl_slist* headers_ = nullptr;
  curl_slist* connect_to_ = nullptr;
  std::shared_ptr<const Identity> identity_;

  std::array<char, CURL_ERROR_SIZE> detail_{};  // what libcurl has to say about a failure
  int status_ = 0;
  std::optional<Millis> retry_after_;
  std::string body_;
  LineBuffer lines_;
  std::optional<Error> error_;
  bool ended_ = false;
};

}  // namespace berth::kube
