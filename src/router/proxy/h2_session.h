#pragma once
#include <nghttp2/nghttp2.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "router/keepalive.h"
#include "router/proxy/call.h"
#include "router/proxy/loop.h"

namespace berth::router {

// What a session tells its owner, by stream, from inside its reads.
class H2Events {
 public:
  virtual ~H2Events() = default;
  virtual void on_headers(int32_t stream, Fields fields, bool is_last) = 0;
  // Its bytes count against the windows until consume().
  virtual void on_data(int32_t stream, std::string_view bytes) = 0;
  virtual void on_stream_end(int32_t stream) = 0;  // all of the peer's side has come
  virtual void on_stream_closed(int32_t stream, uint32_t error) = 0;
  virtual void on_goaway(int32_t /*last_stream*/) {}
  virtual void on_written() {}                     // nothing of ours waits any more
  virtual void on_lost(std::string_view why) = 0;  // the connection; once
};

enum class H2Side { Server, Client };

// One HTTP/2 connection without TLS, either side: bytes <-> streams over nghttp2, and the reads and
// writes of its socket. What a peer may send ahead is bounded by the windows: a stream's is 256 KiB
// until its owner consumes. A client is asked by pings whether it is there as long as it is
// connected, a replica while it has requests. One thread; keeps itself alive until it is lost or
// closed.
class H2Session : public std::enable_shared_from_this<H2Session> {
 public:
  H2Session(Loop& loop, boost::asio::ip::tcp::socket socket, H2Side side, H2Events& events);
  ~H2Session();
  H2Session(const H2Session&) = delete;
  H2Session& operator=(const H2Session&) = delete;

  void start();
  // Client: a new stream; negative when the connection takes no more.
  int32_t request(const Fields& headers, std::shared_ptr<const std::string> body);
  // Server: the head of an answer, then its body and trailers.
  void respond(int32_t stream, const Fields& headers, bool is_last);
  void append(int32_t stream, std::string_view bytes);
  void finish(int32_t stream, Fields trailers);
  void reset(int32_t stream, uint32_t error = NGHTTP2_CANCEL);
  void consume(int32_t stream, size_t bytes);
  // Server: no new streams, please. Those that are on their way to us still count: the last GOAWAY
  // waits for the answer to a ping (RFC 9113, 6.8). What has come is finished.
  void go_away();
  bool has_gone_away() const { return has_gone_away_; }  // no stream comes any more
  void hang_up();  // nothing more is sent; the peer's end of the connection is waited for
  void close();    // tells nobody

  // Bytes of a stream's body that are not in the socket yet.
  size_t unsent(int32_t stream) const;
  bool is_open() const { return socket_.is_open(); }
  bool can_request() const;
  Moment writing_since() const { return writing_since_; }  // max() when nothing is written

 private:
  struct Outgoing {
    std::shared_ptr<const std::string> shared;  // a request's body
    std::string text;                           // an answer's, as it comes
    size_t at = 0;
    Fields trailers;
    bool is_last = false;
    size_t size() const { return (shared ? shared->size() : text.size()) - at; }
  };
  struct Calls;  // nghttp2's callbacks

  void read();
  void flush();
  void lose(std::string_view why);
  void greet();
  void on_ping_answer(const uint8_t* payload);
  void keep_alive();
  void arm_keepalive(Moment now);

  Loop& loop_;
  const H2Side side_;
  boost::asio::ip::tcp::socket socket_;
  boost::asio::steady_timer timer_;  // of keepalive_
  Keepalive keepalive_;
  H2Events* events_;  // null once it is lost or closed
  nghttp2_session* session_ = nullptr;
  std::map<int32_t, Outgoing> outgoing_;
  std::map<int32_t, Fields> incoming_;  // headers that are not whole
  int requests_ = 0;                    // client: streams that are open
  std::string in_;
  std::string out_;
  Moment writing_since_ = Moment::max();
  bool is_reading_ = false;
  bool is_writing_ = false;
  bool is_feeding_ = false;
  bool has_gone_away_ = false;
};

}  // namespace berth::router
