#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "http/stream.h"
#include "http/tls_worker.h"

namespace berth::http {

// What a connection takes over from the handshake before it.
struct Link {
  std::shared_ptr<Worker> worker;
  std::shared_ptr<TlsIdentity> identity;  // null without TLS
  Stream stream;
  Peer peer;
};

// One peer, whatever it speaks: Handshake first, then Http1Connection or Http2Connection.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  explicit Connection(Link link)
      : link_(std::move(link)), bodies_(worker().shape.bodies, limits().all_bodies_bytes_max) {}
  virtual ~Connection() = default;

  virtual void start() = 0;
  virtual void drain() = 0;  // ends as soon as nothing is in hand
  void on_tick();
  void close();
  const TlsIdentity* identity() const { return link_.identity.get(); }

 protected:
  virtual void check_deadlines() = 0;  // on every tick while open

  Worker& worker() const { return *link_.worker; }
  const Limits& limits() const { return link_.worker->shape.limits; }
  bool is_open() const { return life_ == Life::Open; }
  Link hand_over();  // leaves this one closed and its socket open
  // Closing with unread input would reset the connection and take our last answer with it. So:
  // says that nothing more comes, and reads what the peer still sends until it stops or time is up.
  void linger();

  Link link_;
  BodyRoom bodies_;  // of requests that are not answered yet

 private:
  enum class Life { Open, Lingering, Closed };

  void discard_input();

  Life life_ = Life::Open;
  int64_t linger_deadline_ = 0;
  std::array<char, 1024> discarded_{};  // of its own: another read may still be pending
};

class Handshake final : public Connection {
 public:
  using Connection::Connection;
  void start() override;
  void drain() override { close(); }

 private:
  void check_deadlines() override;
  void finish();

  int64_t deadline_ = 0;
};

// As the line of a refusal names a limit.
std::string in_seconds(Millis time);
std::string crowded(const Limits& limits);  // when all bodies together are too much

}  // namespace berth::http
