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

// The client's end of a blocking TLS connection to 127.0.0.1. Every call gives up after ten
// seconds. One thread.
class TlsSocket {
 public:
  // Trusts `ca` alone and shows `pair` if there is one. Offers `protocols`, in ALPN's own format.
  TlsSocket(const std::string& ca, const std::optional<KeyPair>& pair, std::string_view protocols)
      : context_(SSL_CTX_new(TLS_client_method())) {
    ::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes to sockets that the server has closed
    X509* authority = PEM_read_bio_X509(Text(ca).get(), nullptr, nullptr, nullptr);
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context_.get()), authority);
    X509_free(authority);
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_alpn_protos(context_.get(),
                            reinterpret_cast<const unsigned char*>(protocols.data()),
                            static_cast<unsigned>(protocols.size()));
    if (!pair) return;
    X509* certificate = PEM_read_bio_X509(Text(pair->certificate).get(), nullptr, nullptr, nullptr);
    EVP_PKEY* key = PEM_read_bio_PrivateKey(Text(pair->key).get(), nullptr, nullptr, nullptr);
    SSL_CTX_use_certificate(context_.get(), certificate);
    SSL_CTX_use_PrivateKey(context_.get(), key);
    X509_free(certificate);
    EVP_PKEY_free(key);
  }
  ~TlsSocket() { disconnect(); }
  TlsSocket(const TlsSocket&) = delete;
  TlsSocket& operator=(const TlsSocket&) = delete;

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

  // What the server chose of the protocols offered; empty for none.
  std::string protocol() const {
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl_, &name, &size);
    return {reinterpret_cast<const char*>(name), size};
  }

  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const int sent = SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size()));
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
  }

  // What comes next; empty when the server closed or went silent.
  std::string_view read() {
    const int got = ssl_ == nullptr ? 0 : SSL_read(ssl_, buffer_, sizeof buffer_);
    return {buffer_, got <= 0 ? 0 : static_cast<size_t>(got)};
  }

  // Whether the server ended the connection, which it has ten seconds to do.
  bool is_cut() {
    if (ssl_ == nullptr) return true;
    int got = 0;
    do {
      got = SSL_read(ssl_, buffer_, sizeof buffer_);
    } while (got > 0);
    return SSL_get_error(ssl_, got) != SSL_ERROR_WANT_READ;
  }

  void disconnect() {
    SSL_free(ssl_);
    ssl_ = nullptr;
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
  struct FreeContext {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  };

  std::unique_ptr<SSL_CTX, FreeContext> context_;
  SSL* ssl_ = nullptr;
  int socket_ = -1;
  char buffer_[16 * 1024];
};

}  // namespace berth::http::testing
