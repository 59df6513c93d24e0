#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <string>

#include "http/http2_frames.h"
#include "http/tls_connection.h"

namespace berth::http {

// Many requests at a time, each a stream: (Header, Body, Handling, Writing). A stream that its peer
// has reset while the handler has it is Gone, and counts until it is answered or late: otherwise
// asking and resetting in turn would be a way to have any number of requests handled at a time.
class Http2Connection final : public Connection, private Http2Events {
 public:
  explicit Http2Connection(Link link);
  void start() override;
  void drain() override;

 private:
  enum class Phase { Header, Body, Handling, Gone, Writing };

  struct Stream {
    Phase phase = Phase::Header;
    int64_t deadline = 0;
    std::string method;
    std::string target;
    std::string content_type;
    std::string body;
    size_t body_bytes = 0;  // counted until it is answered: the handler may keep a copy
    size_t header_bytes = 0;
    size_t declared_bytes = 0;  // of the body, by Content-Length
    bool is_waiting = false;    // for 100 Continue
  };

  // Http2Events.
  void on_greeting() override;
  bool on_headers(int32_t id) override;
  void on_header(int32_t id, std::string_view name, std::string_view value) override;
  void on_headers_end(int32_t id) override;
  void on_body(int32_t id, std::string_view bytes) override;
  void on_request_end(int32_t id) override;
  void on_stream_end(int32_t id) override;

  std::shared_ptr<Http2Connection> self();
  Stream* find(int32_t id, Phase phase);
  void enter(Stream& stream, Phase phase, Millis timeout);
  void forget(int32_t id);
  void drop_body(Stream& stream);
  Respond responder(int32_t id);
  void answer(int32_t id, Response response);
  void refuse(int32_t id, int status, std::string_view line);
  void refuse_large_body(int32_t id);
  void check_deadlines() override;
  void check_deadline(int32_t id, const Stream& stream);
  void read();
  void on_read(size_t size);
  // Sends what there is to send; nothing is read meanwhile, so a peer that does not read its
  // answers cannot make us buffer more of them.
  void flush();

  Http2Frames frames_;
  std::map<int32_t, Stream> streams_;
  std::array<char, 16 * 1024> in_{};
  std::string out_;
  int64_t quiet_deadline_ = 0;  // of a connection without streams
  int64_t write_deadline_ = 0;
  bool is_draining_ = false;
  bool is_reading_ = false;
  bool is_writing_ = false;
  bool is_feeding_ = false;  // inside frames_.read(), after which all is flushed
};

}  // namespace berth::http
