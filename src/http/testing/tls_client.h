#pragma once
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/x509.h"

namespace berth::http::testing {

struct Answer {
  int status = 0;
  std::string head;
  std::string body;
};

// A blocking HTTPS client of 127.0.0.1 that does exactly what it is told, wrong things included.
// Every call gives up after ten seconds. One thread.
class TlsClient {
 public:
  // Trusts `ca` alone and shows `pair` if there is one.
  TlsClient(const std::string& ca, const std::optional<KeyPair>& pair)
      : context_(SSL_CTX_new(TLS_client_method())) {
    ::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes to sockets that the server has closed
    X509* authority = PEM_read_bio_X509(Text(ca).get(), nullptr, nullptr, nullptr);
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context_.get()), authority);
    X509_free(authority);
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
    if (!pair) return;
    X509* certificate = PEM_read_bio_X509(Text(pair->certificate).get(), nullptr, nullptr, nullptr);
    EVP_PKEY* key = PEM_read_bio_PrivateKey(Text(pair->key).get(), nullptr, nullptr, nullptr);
    SSL_CTX_use_certificate(context_.get(), certificate);
    SSL_CTX_use_PrivateKey(context_.get(), key);
    X509_free(certificate);
    EVP_PKEY_free(key);
  }
  ~TlsClient() { disconnect(); }
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;

  void allow_at_most(int version) { SSL_CTX_set_max_proto_version(context_.get(), version); }

  bool connect(uint16_t port) {
    disconnect();
    socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const timeval limit{10, 0};
    const int yes = 1;
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) return false;
    ssl_ = SSL_new(context_.get());
    SSL_set_fd(ssl_, socket_);
    return SSL_connect(ssl_) == 1;
  }

  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const int sent = SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size()));
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
  }

  // The next answer with a Content-Length; nothing when the server closed or went silent.
  std::optional<Answer> receive() {
    size_t end = 0;
    while ((end = in_.find("\r\n\r\n")) == std::string::npos) {
      if (!read_more()) return std::nullopt;
    }
    Answer answer{.head = in_.substr(0, end)};
    in_.erase(0, end + 4);
    answer.status = std::atoi(answer.head.c_str() + std::string_view("HTTP/1.1 ").size());
    const size_t at = answer.head.find("Content-Length: ");
    const size_t size =
        at == std::string::npos ? 0 : std::strtoul(answer.head.c_str() + at + 16, nullptr, 10);
    while (in_.size() < size) {
      if (!read_more()) return std::nullopt;
    }
    answer.body = in_.substr(0, size);
    in_.erase(0, size);
    return answer;
  }

  static std::string request(std::string_view path, std::string_view body) {
    return "POST " + std::string(path) +
           " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: " +
           std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
  }

  std::optional<Answer> post(std::string_view path, std::string_view body) {
    if (!send(request(path, body))) return std::nullopt;
    return receive();
  }

  // Whether the server ended the connection, which it has ten seconds to do.
  bool is_cut() {
    while (true) {
      char byte = 0;
      const int got = ssl_ == nullptr ? 0 : SSL_read(ssl_, &byte, 1);
      if (got > 0) continue;
      return SSL_get_error(ssl_, got) != SSL_ERROR_WANT_READ;
    }
  }

  void disconnect() {
    SSL_free(ssl_);
    ssl_ = nullptr;
    in_.clear();
    if (socket_ >= 0) ::close(socket_);
    socket_ = -1;
  }

 private:
  struct Text {
    explicit Text(const std::string& text)
        : bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))) {}
    ~Text() { BIO_free(bio); }
    BIO* get() const { return bio; }
    BIO* bio;
  };

  bool read_more() {
    char buffer[16 * 1024];
    const int got = SSL_read(ssl_, buffer, sizeof buffer);
    if (got <= 0) return false;
    in_.append(buffer, static_cast<size_t>(got));
    return true;
  }

  struct FreeContext {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  };
  std::unique_ptr<SSL_CTX, FreeContext> context_;
  SSL* ssl_ = nullptr;
  int socket_ = -1;
  std::string in_;
};

}  // namespace berth::http::testing
