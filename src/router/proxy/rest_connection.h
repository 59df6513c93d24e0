#pragma once
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <memory>
#include <optional>
#include <string>

#include "http/body_room.h"
#include "router/proxy/call.h"
#include "router/proxy/chunk_body.h"
#include "router/proxy/exchange.h"
#include "router/proxy/loop.h"

namespace berth::router {

// A client over HTTP/1.1, one request at a time. A request is read whole before it is sent on, so a
// slow client costs a replica nothing, and it can be sent again. Its answer passes through in
// parts.
class RestConnection final : public Connection, private Client {
 public:
  RestConnection(Loop& loop, boost::asio::ip::tcp::socket socket);
  ~RestConnection() override;

  void start() override;
  void drain() override {}  // its next answer says so
  void finish() override;
  void close() override;
  void check_deadlines(Moment now) override;

 private:
  using Parser = boost::beast::http::request_parser<ChunkBody>;
  enum class Phase { Idle, Head, Body, Answering };

  // Client
  void send(Part part) override;
  void refuse(Refusal why, std::string_view line) override;
  void cut() override { close(); }

  std::shared_ptr<RestConnection> self();
  void enter(Phase phase, Millis timeout);
  void read();
  void on_read(boost::system::error_code error, size_t size);
  void advance();
  void begin_request();
  bool check_head();
  bool take_body();
  void handle();
  Call take_call();
  void refuse_malformed(boost::system::error_code error);
  void answer_with(int status, std::string_view line, std::string_view more_headers = {});
  void append_head(const Head& head, const Part& part);
  void append_body(const Part& part);
  void flush();
  void on_written(boost::system::error_code error);
  void end_request();

  Loop& loop_;
  boost::asio::ip::tcp::socket socket_;
  boost::beast::flat_buffer in_;
  std::optional<Parser> parser_;
  http::BodyRoom room_;
  std::shared_ptr<Exchange> exchange_;
  std::string body_;
  std::string out_;
  std::string writing_;
  Phase phase_ = Phase::Idle;
  Moment deadline_{};
  Moment write_deadline_ = Moment::max();
  bool is_reading_ = false;
  bool is_writing_ = false;
  bool is_chunked_ = false;
  bool is_last_ = false;      // request of this connection
  bool is_complete_ = false;  // the answer is in out_ or has been written
  bool is_head_checked_ = false;
};

}  // namespace berth::router
