#include "kube/curl_loopback_test.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <csignal>

namespace berth::kube {

namespace {

constexpr long kHourSeconds = 3600;

std::string take_bio(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  std::string text(data, static_cast<size_t>(size));
  BIO_free(bio);
  return text;
}

std::string pem_of(X509* certificate) {
  BIO* bio = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(bio, certificate);
  return take_bio(bio);
}

void add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

// A certificate for `key` by `issuer`, which is itself when null; not signed yet.
X509* make_certificate(EVP_PKEY* key, const std::string& name, X509* issuer) {
  X509* certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), issuer == nullptr ? 1 : 2);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -kHourSeconds);
  X509_gmtime_adj(X509_getm_notAfter(certificate), kHourSeconds);
  X509_set_pubkey(certificate, key);
  X509_NAME* subject = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509_set_issuer_name(certificate,
                       X509_get_subject_name(issuer == nullptr ? certificate : issuer));
  return certificate;
}

int choose_h2(SSL*, const unsigned char** chosen, unsigned char* length, const unsigned char*,
              unsigned, void*) {
  static constexpr std::array<unsigned char, 2> kName{'h', '2'};
  *chosen = kName.data();
  *length = kName.size();
  return SSL_TLSEXT_ERR_OK;
}

void set_non_blocking(int fd) { fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK); }

// The number of a "Content-Length" header; 0 without one.
size_t content_length(const std::string& head) {
  const std::string_view name = "Content-Length: ";
  const size_t at = head.find(name);
  size_t length = 0;
  if (at != std::string::npos)
    std::from_chars(head.data() + at + name.size(), head.data() + head.size(), length);
  return length;
}

}  // namespace

TestAuthority::TestAuthority(const std::string& name)
    : key_(EVP_EC_gen("P-256"), &EVP_PKEY_free),
      certificate_(make_certificate(key_.get(), name, nullptr), &X509_free) {
  add_extension(certificate_.get(), certificate_.get(), NID_basic_constraints, "critical,CA:TRUE");
  X509_sign(certificate_.get(), key_.get(), EVP_sha256());
}

TestPair TestAuthority::issue(const std::string& name, const std::string& san) const {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = make_certificate(key, name, certificate_.get());
  add_extension(certificate, certificate_.get(), NID_subject_alt_name, san);
  X509_sign(certificate, key_.get(), EVP_sha256());
  BIO* bio = BIO_new(BIO_s_mem());
  PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr);
  TestPair pair{pem_of(certificate), take_bio(bio)};
  X509_free(certificate);
  EVP_PKEY_free(key);
  return pair;
}

std::string TestAuthority::pem() const { return pem_of(certificate_.get()); }

LoopbackServer::Peer::Peer(int fd, SSL_CTX* context) : fd_(fd), is_ready_(context == nullptr) {
  if (context == nullptr) return;
  ssl_ = SSL_new(context);
  SSL_set_fd(ssl_, fd);
}

LoopbackServer::Peer::~Peer() {
  SSL_free(ssl_);
  ::close(fd_);
}

void LoopbackServer::Peer::reply(int status, const std::string& text, const std::string& extra) {
  send("HTTP/1.1 " + std::to_string(status) + " X\r\n" + extra +
       "Content-Length: " + std::to_string(text.size()) + "\r\n\r\n" + text);
}

void LoopbackServer::Peer::start_chunks() {
  send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
}

void LoopbackServer::Peer::chunk(const std::string& bytes) {
  std::array<char, 16> size{};
  const auto end = std::to_chars(size.data(), size.data() + size.size(), bytes.size(), 16).ptr;
  send(std::string(size.data(), end) + "\r\n" + bytes + "\r\n");
}

void LoopbackServer::Peer::reset() {
  const linger now{.l_onoff = 1, .l_linger = 0};
  setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  is_closed_ = true;
}

bool LoopbackServer::Peer::handshake() {
  if (is_ready_) return true;
  const int done = SSL_accept(ssl_);
  if (done == 1) {
    is_ready_ = true;
    if (X509* client = SSL_get1_peer_certificate(ssl_); client != nullptr) {
      std::array<char, 64> name{};
      X509_NAME_get_text_by_NID(X509_get_subject_name(client), NID_commonName, name.data(),
                                static_cast<int>(name.size()));
      client_name = name.data();
      X509_free(client);
    }
  } else if (const int why = SSL_get_error(ssl_, done);
             why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE) {
    is_closed_ = true;
  }
  return is_ready_;
}

void LoopbackServer::Peer::read() {
  std::array<char, 16384> chunk{};
  while (true) {
    const auto got = ssl_ != nullptr ? SSL_read(ssl_, chunk.data(), static_cast<int>(chunk.size()))
                                     : static_cast<int>(::recv(fd_, chunk.data(), chunk.size(), 0));
    if (got > 0) {
      in_.append(chunk.data(), static_cast<size_t>(got));
      continue;
    }
    const bool waits = ssl_ != nullptr ? SSL_get_error(ssl_, got) == SSL_ERROR_WANT_READ
                                       : got < 0 && errno == EAGAIN;
    if (!waits) is_closed_ = true;
    return;
  }
}

void LoopbackServer::Peer::write() {
  while (!out_.empty() && !is_closed_) {
    const auto put = ssl_ != nullptr
                         ? SSL_write(ssl_, out_.data(), static_cast<int>(out_.size()))
                         : static_cast<int>(::send(fd_, out_.data(), out_.size(), MSG_NOSIGNAL));
    if (put <= 0) break;
    out_.erase(0, static_cast<size_t>(put));
  }
  if (out_.empty() && hang_up_) is_closed_ = true;
}

bool LoopbackServer::Peer::take_request() {
  const size_t end = in_.find("\r\n\r\n");
  if (end == std::string::npos) return false;
  const std::string head = in_.substr(0, end + 2);
  const size_t length = content_length(head);
  if (in_.size() < end + 4 + length) return false;
  const size_t line = head.find("\r\n");
  request_line = head.substr(0, line);
  headers = head.substr(line + 2);
  body = in_.substr(end + 4, length);
  in_.erase(0, end + 4 + length);
  return true;
}

LoopbackServer::LoopbackServer(Handler handler) : handler_(std::move(handler)) { listen(); }

LoopbackServer::LoopbackServer(const TestTls& tls, Handler handler)
    : handler_(std::move(handler)), context_(SSL_CTX_new(TLS_server_method())) {
  BIO* bio = BIO_new_mem_buf(tls.server.certificate.data(), -1);
  X509* certificate = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr);
  BIO_free(bio);
  bio = BIO_new_mem_buf(tls.server.key.data(), -1);
  EVP_PKEY* key = PEM_read_bio_PrivateKey(bio, nullptr, nullptr, nullptr);
  BIO_free(bio);
  SSL_CTX_use_certificate(context_, certificate);
  SSL_CTX_use_PrivateKey(context_, key);
  X509_free(certificate);
  EVP_PKEY_free(key);
  SSL_CTX_set_mode(context_, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  if (tls.offers_h2) SSL_CTX_set_alpn_select_cb(context_, &choose_h2, nullptr);
  if (!tls.client_ca.empty()) {
    bio = BIO_new_mem_buf(tls.client_ca.data(), -1);
    X509* authority = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr);
    BIO_free(bio);
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context_), authority);
    X509_free(authority);
    SSL_CTX_set_verify(context_, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  }
  listen();
}

LoopbackServer::~LoopbackServer() {
  peers_.clear();
  SSL_CTX_free(context_);
  ::close(fd_);
}

void LoopbackServer::listen() {
  std::signal(SIGPIPE, SIG_IGN);
  fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  bind(fd_, reinterpret_cast<const sockaddr*>(&address), size);
  ::listen(fd_, 128);
  getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  set_non_blocking(fd_);
}

void LoopbackServer::pump() {
  for (int fd = -1; (fd = accept(fd_, nullptr, nullptr)) >= 0;) {
    set_non_blocking(fd);
    peers_.push_back(std::make_unique<Peer>(fd, context_));
    ++accepted_;
  }
  for (const auto& peer : peers_) {
    ERR_clear_error();  // SSL_get_error() looks at what others left behind
    if (!peer->handshake()) continue;
    peer->read();
    while (peer->take_request()) handler_(*peer);
    peer->write();
  }
  std::erase_if(peers_, [](const auto& peer) { return peer->is_closed_; });
}

std::string LoopbackServer::url(const std::string& host) const {
  return (context_ == nullptr ? "http://" : "https://") + host + ":" + std::to_string(port_);
}

}  // namespace berth::kube
