#pragma once
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

// A misbehaving API server for tests: HTTP/1.1 on a loopback port, spoken by hand so that it can
// break every rule. It has no thread; the test pumps it between polls of the transport.
namespace berth::kube {

// A certificate and its key, PEM.
struct TestPair {
  std::string certificate;
  std::string key;
};

// An authority that lives as long as the test.
class TestAuthority {
 public:
  explicit TestAuthority(const std::string& name);
  // `san` as OpenSSL writes it: "IP:127.0.0.1", "DNS:kubernetes".
  TestPair issue(const std::string& name, const std::string& san) const;
  std::string pem() const;

 private:
  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key_;
  std::unique_ptr<X509, decltype(&X509_free)> certificate_;
};

struct TestTls {
  TestPair server;
  std::string client_ca;   // empty: asks for no client certificate
  bool offers_h2 = false;  // agrees to HTTP/2, of which the handler then sees only the preface
};

class LoopbackServer {
 public:
  // One connection, seen from the server.
  class Peer {
   public:
    Peer(int fd, SSL_CTX* context);
    ~Peer();
    Peer(const Peer&) = delete;
    Peer& operator=(const Peer&) = delete;

    // Queues bytes; written as the socket takes them.
    void send(const std::string& bytes) { out_ += bytes; }
    void reply(int status, const std::string& body, const std::string& headers = "");
    // A 200 whose chunked body stays open; chunk() adds to it and end_chunks() ends it.
    void start_chunks();
    void chunk(const std::string& bytes);
    void end_chunks() { send("0\r\n\r\n"); }
    void hang_up() { hang_up_ = true; }  // after what is queued
    void reset();                        // now, with an RST

    std::string request_line;  // of the request being answered: "GET /path HTTP/1.1"
    std::string headers;       // the rest of its head
    std::string body;
    std::string client_name;  // CN of the client's certificate

   private:
    friend class LoopbackServer;
    bool handshake();
    void read();
    void write();
    bool take_request();

    int fd_;
    SSL* ssl_ = nullptr;
    bool is_ready_;
    bool hang_up_ = false;
    bool is_closed_ = false;
    std::string in_;
    std::string out_;
  };
  using Handler = std::function<void(Peer&)>;

  explicit LoopbackServer(Handler handler);
  LoopbackServer(const TestTls& tls, Handler handler);
  ~LoopbackServer();
  LoopbackServer(const LoopbackServer&) = delete;
  LoopbackServer& operator=(const LoopbackServer&) = delete;

  // Does what the sockets are ready for, without waiting.
  void pump();

  std::string url(const std::string& host = "127.0.0.1") const;
  std::vector<std::unique_ptr<Peer>>& peers() { return peers_; }
  int accepted() const { return accepted_; }

 private:
  void listen();

  Handler handler_;
  SSL_CTX* context_ = nullptr;
  int fd_ = -1;
  int port_ = 0;
  int accepted_ = 0;
  std::vector<std::unique_ptr<Peer>> peers_;
};

}  // namespace berth::kube
