#pragma once
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <memory>
#include <optional>
#include <string>

#include "router/proxy/call.h"
#include "router/proxy/chunk_body.h"
#include "router/proxy/loop.h"

namespace berth::router {

// One connection to a replica. A read is always under way, unless the sink has not resumed: between
// requests it notices that the replica has closed.
class RestUpstream final : public Attempt, public std::enable_shared_from_this<RestUpstream> {
 public:
  RestUpstream(Loop& loop, std::string replica);

  void connect(const std::string& address, uint16_t port);
  // After connect() or while idle.
  void send(const Call& call, Moment deadline, std::shared_ptr<AnswerSink> sink);
  void close();

  void resume() override;
  void cancel() override;

  const std::string& replica() const { return replica_; }
  bool is_idle() const { return sink_ == nullptr; }
  Moment idle_since() const { return idle_since_; }

 private:
  using Parser = boost::beast::http::response_parser<ChunkBody>;

  void on_connected(boost::system::error_code error);
  void expect_answer();
  void write();
  void read();
  void on_read(boost::system::error_code error, size_t size);
  void advance();
  Head take_head();
  void pass_on(Part part);
  void on_done();
  void fail(boost::system::error_code error);

  Loop& loop_;
  const std::string replica_;
  boost::asio::ip::tcp::socket socket_;
  boost::asio::steady_timer connecting_;
  boost::beast::flat_buffer in_;
  std::optional<Parser> parser_;
  std::shared_ptr<AnswerSink> sink_;
  std::string head_out_;
  std::shared_ptr<const std::string> body_out_;
  Moment idle_since_{};
  bool is_connected_ = false;
  bool is_reading_ = false;
  bool is_writing_ = false;
  bool is_paused_ = false;
  bool is_head_request_ = false;
  bool has_head_ = false;   // passed on
  bool has_bytes_ = false;  // of an answer
};

}  // namespace berth::router
