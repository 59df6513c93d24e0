#pragma once
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "router/proxy/call.h"
#include "router/proxy/h2_session.h"
#include "router/proxy/loop.h"

namespace berth::router {

class GrpcUpstream;

// One request, a stream of the connection that it keeps alive.
class GrpcAttempt final : public Attempt, public std::enable_shared_from_this<GrpcAttempt> {
 public:
  GrpcAttempt(std::shared_ptr<GrpcUpstream> upstream, std::shared_ptr<AnswerSink> sink)
      : upstream_(std::move(upstream)), sink_(std::move(sink)) {}

  void resume() override;
  void cancel() override;

  void submit(const Fields& headers, std::shared_ptr<const std::string> body);
  void on_headers(Fields fields, bool is_last);
  void on_data(std::string_view bytes);
  void on_end();
  void fail(Broken how, std::string_view why);
  bool has_begun() const { return has_begun_; }

 private:
  void pass_on(Part part);

  std::shared_ptr<GrpcUpstream> upstream_;
  std::shared_ptr<AnswerSink> sink_;  // null once it is over
  int32_t stream_ = -1;
  size_t unconsumed_ = 0;
  bool has_begun_ = false;
};

// A connection to one replica. It lasts as long as the pool or a stream wants it.
class GrpcUpstream final : private H2Events, public std::enable_shared_from_this<GrpcUpstream> {
 public:
  explicit GrpcUpstream(Loop& loop);
  ~GrpcUpstream() override;

  void connect(const std::string& address, uint16_t port);
  bool takes_more() const;  // or it is not connected yet
  bool is_idle() const { return attempts_.empty() && waiting_.empty(); }
  Moment idle_since() const { return idle_since_; }
  void send(const std::shared_ptr<GrpcAttempt>& attempt, Fields headers,
            std::shared_ptr<const std::string> body);

 private:
  friend class GrpcAttempt;
  struct Waiting {
    std::shared_ptr<GrpcAttempt> attempt;
    Fields headers;
    std::shared_ptr<const std::string> body;
  };

  // H2Events
  void on_headers(int32_t stream, Fields fields, bool is_last) override;
  void on_data(int32_t stream, std::string_view bytes) override;
  void on_stream_end(int32_t stream) override;
  void on_stream_closed(int32_t stream, uint32_t error) override;
  void on_lost(std::string_view why) override;

  void on_connected(boost::system::error_code error);
  std::shared_ptr<GrpcAttempt> find(int32_t stream) const;

  Loop& loop_;
  boost::asio::ip::tcp::socket socket_;  // until it is the session's
  boost::asio::steady_timer connecting_;
  std::shared_ptr<H2Session> session_;  // null until it is connected
  std::vector<Waiting> waiting_;
  std::map<int32_t, std::shared_ptr<GrpcAttempt>> attempts_;
  Moment idle_since_ = Loop::now();
  bool is_lost_ = false;
};

}  // namespace berth::router
