#pragma once
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "router/proxy/h2_session.h"
#include "router/testing/rest.h"

// gRPC's two sides for tests, on H2Session. Both are driven by the test's own thread.
namespace berth::router::testing {

// What came over one stream.
struct Stream {
  Fields headers;
  std::string body;
  Fields trailers;
  bool is_whole = false;
  std::optional<uint32_t> closed;

  std::string field(std::string_view name) const {
    const auto found = find_field(headers, name);
    return std::string(found.empty() ? find_field(trailers, name) : found);
  }
};

// One side of connections, with what came over each stream.
class Side : public H2Events {
 public:
  void on_headers(int32_t stream, Fields fields, bool) override {
    auto& one = streams[stream];
    (one.headers.empty() ? one.headers : one.trailers) = std::move(fields);
  }
  void on_data(int32_t stream, std::string_view bytes) override {
    streams[stream].body += bytes;
    session->consume(stream, bytes.size());
  }
  void on_stream_end(int32_t stream) override { streams[stream].is_whole = true; }
  void on_stream_closed(int32_t stream, uint32_t error) override { streams[stream].closed = error; }
  void on_goaway(int32_t) override { has_goaway = true; }
  void on_lost(std::string_view) override { is_lost = true; }

  std::map<int32_t, Stream> streams;
  std::shared_ptr<H2Session> session;
  bool has_goaway = false;
  bool is_lost = false;
};

class GrpcWorld : public RouterTest {
 protected:
  GrpcWorld() { replica_.session = nullptr; }
  ~GrpcWorld() override {
    for (Side* const side : {&caller_, &replica_}) {
      if (side->session) side->session->close();
    }
    loop_.io.restart();
    loop_.io.poll();
  }

  Replica replica() const {
    return {.id = "a", .address = "127.0.0.1", .grpc_port = acceptor_.local_endpoint().port()};
  }
  void connect() {
    boost::asio::ip::tcp::socket socket(loop_.io);
    socket.connect({boost::asio::ip::address_v4::loopback(), router_->grpc_port()});
    caller_.session =
        std::make_shared<H2Session>(loop_, std::move(socket), H2Side::Client, caller_);
    caller_.session->start();
  }
  int32_t call(const std::string& message, Fields more = {}) {
    Fields headers{{":method", "POST"},
                   {":scheme", "http"},
                   {":path", "/inference.GRPCInferenceService/ModelInfer"},
                   {":authority", "10.0.0.1"},
                   {"content-type", "application/grpc"},
                   {"te", "trailers"}};
    headers.insert(headers.end(), more.begin(), more.end());
    return caller_.session->request(headers, std::make_shared<const std::string>(message));
  }
  // The replica's side takes the router's next connection.
  void accept() {
    acceptor_.async_accept(
        loop_.io, [this](boost::system::error_code error, boost::asio::ip::tcp::socket socket) {
          if (error) return;
          replica_.streams.clear();
          replica_.session =
              std::make_shared<H2Session>(loop_, std::move(socket), H2Side::Server, replica_);
          replica_.session->start();
        });
  }
  // A request that the replica has whole; its stream.
  int32_t take_call() {
    EXPECT_TRUE(turns([this] { return waiting_call() > 0; }));
    const int32_t stream = waiting_call();
    taken_.insert(replica_.session ? std::pair(replica_.session.get(), stream)
                                   : std::pair<H2Session*, int32_t>());
    return stream;
  }
  void answer(int32_t stream, const std::string& message, const std::string& status = "0") {
    replica_.session->respond(stream, {{":status", "200"}, {"content-type", "application/grpc"}},
                              false);
    replica_.session->append(stream, message);
    replica_.session->finish(stream, {{"grpc-status", status}});
  }
  // Drives both sides until it comes true, ten seconds at most.
  bool turns(const std::function<bool()>& condition) {
    const Moment end = Loop::now() + std::chrono::seconds(10);
    while (!condition()) {
      if (Loop::now() > end) return false;
      loop_.io.restart();
      loop_.io.run_one_for(Millis{10});
    }
    return true;
  }
  bool is_done(int32_t stream) {
    return turns([&] { return caller_.streams[stream].closed.has_value(); });
  }

  Shared shared_{.limits = {}, .log = log_};
  Loop loop_{shared_, 0};
  boost::asio::ip::tcp::acceptor acceptor_{loop_.io, {boost::asio::ip::address_v4::loopback(), 0}};
  Side caller_;
  Side replica_;
  std::set<std::pair<H2Session*, int32_t>> taken_;

 private:
  int32_t waiting_call() {
    if (!replica_.session) return -1;
    for (const auto& [id, stream] : replica_.streams) {
      if (stream.is_whole && !taken_.contains({replica_.session.get(), id})) return id;
    }
    return -1;
  }
};

}  // namespace berth::router::testing
