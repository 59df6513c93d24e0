#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>

#include "bench/load/client.h"

namespace berth::bench {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

class RestClient final : public Client {
 public:
  explicit RestClient(Run& run) : Client(run), socket_(run.loop.io), request_(request_of(run)) {
    socket_.connect({asio::ip::address_v4::loopback(), run.options.port});
    socket_.set_option(tcp::no_delay(true));
  }

 private:
  static std::string request_of(const Run& run) {
    return "POST " + run.options.path +
           " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: " +
           std::to_string(run.body.size()) + "\r\n\r\n" + run.body;
  }

  void send() override {
    asio::async_write(socket_, asio::buffer(request_), [this](error_code error, size_t) {
      if (error) return lose();
      read_head();
    });
  }

  void read_head() {
    asio::async_read_until(socket_, asio::dynamic_buffer(in_), "\r\n\r\n",
                           [this](error_code error, size_t size) {
                             if (error) return lose();
                             read_body(size);
                           });
  }

  void read_body(size_t head) {
    std::string text = in_.substr(0, head);
    for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    const size_t at = text.find("content-length: ");
    const size_t length = at == std::string::npos ? 0 : std::stoul(text.substr(at + 16));
    if (!text.starts_with("http/1.1 200")) refuse();
    const size_t more = head + length - std::min(in_.size(), head + length);
    asio::async_read(socket_, asio::dynamic_buffer(in_), asio::transfer_exactly(more),
                     [this](error_code error, size_t) {
                       if (error) return lose();
                       in_.clear();
                       answered();
                     });
  }

  tcp::socket socket_;
  const std::string request_;
  std::string in_;
};

}  // namespace

std::unique_ptr<Client> make_rest_client(Run& run) { return std::make_unique<RestClient>(run); }

}  // namespace berth::bench
