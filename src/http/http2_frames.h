#pragma once
#include <nghttp2/nghttp2.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "http/tls_server.h"

// The frames of one HTTP/2 connection, over nghttp2: bytes in, what they mean, answers, bytes out.
// No socket and no time in here.
namespace berth::http {

// What a peer's frames mean. All of it is called inside Http2Frames::read; the other calls of
// Http2Frames but write() may be made meanwhile.
class Http2Events {
 public:
  virtual ~Http2Events() = default;
  virtual void on_greeting() = 0;               // once: it speaks HTTP/2 indeed
  virtual bool on_headers(int32_t stream) = 0;  // begin; false: not now, the peer may ask again
  virtual void on_header(int32_t stream, std::string_view name, std::string_view value) = 0;
  virtual void on_headers_end(int32_t stream) = 0;
  virtual void on_body(int32_t stream, std::string_view bytes) = 0;
  virtual void on_request_end(int32_t stream) = 0;
  // Both sides are through, or one has reset it. The only one that write() may call too.
  virtual void on_stream_end(int32_t stream) = 0;
};

class Http2Frames {
 public:
  // `events` must outlive it.
  Http2Frames(Http2Events& events, const Limits& limits);
  Http2Frames(const Http2Frames&) = delete;
  Http2Frames& operator=(const Http2Frames&) = delete;

  // Error: this is no HTTP/2, or a flood; nothing more will be read, what remains to be written
  // says so to the peer.
  Status read(std::string_view bytes);
  // Appends what is to be sent now, about `size` bytes at most.
  void write(std::string& out, size_t size);
  // Nothing will be read or written any more.
  bool is_over() const;

  void tell_to_go_on(int32_t stream);  // 100 Continue
  // What the peer still sends on this stream is not waited for. `is_head`: a length, but no body.
  void answer(int32_t stream, Response response, bool is_head);
  void reset(int32_t stream);
  // Takes no new requests and is over when the answers to those in hand are out.
  void finish();
  // Is over after saying `line`, which the peer finds in the GOAWAY frame.
  void end(std::string_view line);

 private:
  struct Outgoing {
    std::string body;
    size_t sent = 0;
  };
  struct Calls;  // nghttp2's callbacks
  struct FreeSession {
    void operator()(nghttp2_session* session) const { nghttp2_session_del(session); }
  };

  Http2Events& events_;
  std::map<int32_t, Outgoing> outgoing_;
  std::unique_ptr<nghttp2_session, FreeSession> session_;
  bool is_greeted_ = false;
};

}  // namespace berth::http
