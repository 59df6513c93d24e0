#include <boost/asio/ip/tcp.hpp>

#include "bench/load/client.h"
#include "router/proxy/h2_session.h"

namespace berth::bench {
namespace {

using boost::asio::ip::tcp;
using router::Fields;

class GrpcClient final : public Client, public router::H2Events {
 public:
  explicit GrpcClient(Run& run)
      : Client(run),
        body_(std::make_shared<const std::string>(message_of(run.body))),
        headers_{{":method", "POST"},
                 {":scheme", "http"},
                 {":path", run.options.path},
                 {":authority", "localhost"},
                 {"content-type", "application/grpc"},
                 {"te", "trailers"}} {
    tcp::socket socket(run.loop.io);
    socket.connect({boost::asio::ip::address_v4::loopback(), run.options.port});
    socket.set_option(tcp::no_delay(true));
    session_ = std::make_shared<router::H2Session>(run.loop, std::move(socket),
                                                   router::H2Side::Client, *this);
    session_->start();
  }
  ~GrpcClient() override { session_->close(); }

 private:
  // One message that is not compressed, and its size.
  static std::string message_of(const std::string& bytes) {
    std::string message(1, '\0');
    for (int shift = 24; shift >= 0; shift -= 8) {
      message.append(1, static_cast<char>(bytes.size() >> shift & 0xff));
    }
    return message + bytes;
  }

  void send() override {
    is_ok_ = false;
    if (session_->request(headers_, body_) < 0) lose();
  }

  void on_headers(int32_t, Fields fields, bool) override {
    if (router::grpc_code(fields) == 0) is_ok_ = true;
  }
  void on_data(int32_t stream, std::string_view bytes) override {
    session_->consume(stream, bytes.size());
  }
  void on_stream_end(int32_t) override {}
  void on_stream_closed(int32_t, uint32_t) override {
    if (!is_ok_) refuse();
    answered();
  }
  void on_lost(std::string_view) override { lose(); }

  const std::shared_ptr<const std::string> body_;
  const Fields headers_;
  std::shared_ptr<router::H2Session> session_;
  bool is_ok_ = false;
};

}  // namespace

std::unique_ptr<Client> make_grpc_client(Run& run) { return std::make_unique<GrpcClient>(run); }

}  // namespace berth::bench
