#pragma once
#include <boost/asio/ip/tcp.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "http/body_room.h"
#include "router/proxy/call.h"
#include "router/proxy/exchange.h"
#include "router/proxy/h2_session.h"
#include "router/proxy/loop.h"

namespace berth::router {

// One call of a client over gRPC.
class GrpcStream final : public Client {
 public:
  GrpcStream(Loop& loop, std::shared_ptr<H2Session> session, int32_t id);

  void take_headers(Fields fields);
  void take_data(std::string_view bytes);
  void handle();  // it is whole
  void abandon();
  void on_written();
  bool is_late(Moment now) const;
  void refuse_late();

  // Client
  void send(Part part) override;
  void refuse(Refusal why, std::string_view line) override;
  void cut() override;

 private:
  Loop& loop_;
  const std::shared_ptr<H2Session> session_;
  const int32_t id_;
  const Moment begun_;
  http::BodyRoom room_;
  Fields fields_;
  std::string body_;
  std::shared_ptr<Exchange> exchange_;
  bool is_answered_ = false;  // its head is on the way
  bool is_waiting_ = false;   // for what was sent to leave
};

// A client over HTTP/2 without TLS, its calls side by side. A call is read whole before it is sent
// on; its answer passes through.
class GrpcConnection final : public Connection, private H2Events {
 public:
  GrpcConnection(Loop& loop, boost::asio::ip::tcp::socket socket);
  ~GrpcConnection() override;

  void start() override;
  void drain() override;
  void finish() override;
  void close() override;
  void check_deadlines(Moment now) override;

 private:
  // H2Events
  void on_headers(int32_t stream, Fields fields, bool is_last) override;
  void on_data(int32_t stream, std::string_view bytes) override;
  void on_stream_end(int32_t stream) override;
  void on_stream_closed(int32_t stream, uint32_t error) override;
  void on_written() override;
  void on_lost(std::string_view why) override;

  GrpcStream* find(int32_t stream);

  Loop& loop_;
  std::shared_ptr<H2Session> session_;
  std::map<int32_t, std::unique_ptr<GrpcStream>> streams_;
  Moment quiet_since_{};
  std::optional<Moment> hung_up_at_;
  bool is_leaving_ = false;  // GOAWAY was said
  bool is_closed_ = false;
};

}  // namespace berth::router
