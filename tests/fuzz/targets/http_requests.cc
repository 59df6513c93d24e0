#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>

#include "http/tls_connection.h"
#include "http/x509.h"
#include "tests/fuzz/targets.h"

namespace berth::fuzz {
namespace {

std::shared_ptr<http::TlsIdentity> make_identity() {
  using namespace std::chrono;
  const http::Validity validity{sys_days{2020y / 1 / 1}, sys_days{2100y / 1 / 1}};
  const auto authority = http::make_authority("fuzz", validity, 1);
  const auto leaf = http::make_leaf(*authority, {.common_name = "server"}, validity, 2);
  return *http::make_identity({.certificate = leaf->certificate, .key = leaf->key});
}

void echo(const http::Request& request, const http::Peer&, const http::Respond& respond) {
  require(request.body.size() <= 1000, "a body beyond the limit");
  respond({.status = 200, .body = std::string(request.body)});
}

// A server's worker without its thread: it works when it is told to.
struct Server {
  NoLog log;
  http::ServerShape shape{
      .limits = {.body_bytes_max = 1000, .header_bytes_max = 500, .streams_max = 4},
      .handler = echo,
      .log = log};
  std::shared_ptr<http::Worker> worker = std::make_shared<http::Worker>(shape);
  std::shared_ptr<http::TlsIdentity> identity = make_identity();

  void accept(int socket) {
    ++shape.connections;
    boost::asio::ip::tcp::socket peer(worker->io);
    peer.assign(boost::asio::ip::tcp::v4(), socket);  // any stream of bytes will do
    worker->adopt(std::move(peer), identity);
  }
  void work() {
    worker->io.restart();
    worker->io.poll();
  }
};

struct FreeContext {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
struct FreeTls {
  void operator()(SSL* tls) const { SSL_free(tls); }
};

// The client's end.
class Client {
 public:
  Client(int socket, bool is_http2) : socket_(socket) {
    static const std::unique_ptr<SSL_CTX, FreeContext> context(SSL_CTX_new(TLS_client_method()));
    tls_.reset(SSL_new(context.get()));
    SSL_set_fd(tls_.get(), socket);
    SSL_set_connect_state(tls_.get());
    static constexpr unsigned char kHttp2[] = "\x02h2";
    if (is_http2) SSL_set_alpn_protos(tls_.get(), kHttp2, 3);
  }
  ~Client() { ::close(socket_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  bool shake_hands(Server& server) {
    for (int i = 0; i < 10; ++i) {
      if (SSL_do_handshake(tls_.get()) == 1) return true;
      server.work();
    }
    return false;
  }
  void send(std::string_view bytes) {
    if (!bytes.empty()) SSL_write(tls_.get(), bytes.data(), static_cast<int>(bytes.size()));
  }
  // What has come; the rest is left unread.
  std::string_view read() {
    const int got = SSL_read(tls_.get(), buffer_, sizeof buffer_);
    return {buffer_, got > 0 ? static_cast<size_t>(got) : 0};
  }

 private:
  int socket_;
  std::unique_ptr<SSL, FreeTls> tls_;
  char buffer_[16 * 1024];
};

}  // namespace

// All that a peer sends over TLS: of HTTP/2 if it begins with the preface, else of HTTP/1.1. Where
// there is a NUL, the server gets to work before the rest comes.
void http_requests(std::string_view input) {
  static Server server;
  const bool is_http2 = input.starts_with("PRI ");
  int sockets[2] = {};
  require(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, sockets) == 0,
          "no sockets");
  {
    Client client(sockets[1], is_http2);
    server.accept(sockets[0]);
    require(client.shake_hands(server), "no handshake");
    if (is_http2) {
      client.send(input);
      server.work();
    }
    while (!is_http2 && !input.empty()) {
      client.send(take_until(input, '\0'));
      server.work();
    }
    const std::string_view answer = client.read();
    require(is_http2 || answer.empty() || answer.starts_with("HTTP/1.1 "), "an answer of no HTTP");
  }
  server.work();
  require(server.shape.connections == 0, "the peer is gone and its connection is not");
}

}  // namespace berth::fuzz
