#include "http/tls_worker.h"

#include <utility>

#include "http/http1_connection.h"
#include "http/tls_connection.h"

namespace berth::http {

using boost::system::error_code;

void Worker::adopt(boost::asio::ip::tcp::socket socket, std::shared_ptr<TlsIdentity> identity) {
  Stream stream =
      identity ? Stream(std::move(socket), identity->context) : Stream(std::move(socket));
  const bool is_secured = identity != nullptr;
  Link link{shared_from_this(), std::move(identity), std::move(stream), Peer{}};
  std::shared_ptr<Connection> connection;
  if (is_secured) {
    connection = std::make_shared<Handshake>(std::move(link));
  } else {
    connection = std::make_shared<Http1Connection>(std::move(link));
  }
  connections_.insert(connection);
  connection->start();
  if (is_draining_) connection->drain();
  if (!is_ticking_) start_ticking();
}

void Worker::replace(const std::shared_ptr<Connection>& before, std::shared_ptr<Connection> after) {
  connections_.erase(before);
  connections_.insert(after);
  after->start();
}

// Only while there are connections: an idle server sleeps.
void Worker::start_ticking() {
  is_ticking_ = !connections_.empty();
  if (!is_ticking_) return;
  timer_.expires_after(kTick);
  timer_.async_wait([this](error_code error) {
    if (error) return;
    ++tick_;
    const auto connections = connections_;  // closing one takes it out of the set
    for (const auto& connection : connections) connection->on_tick();
    start_ticking();
  });
}

void Worker::drain() {
  is_draining_ = true;
  const auto connections = connections_;
  for (const auto& connection : connections) connection->drain();
  tell_drained();  // the last of them may have left by itself just before
}

void Worker::drain_strangers(const TlsIdentity& current) {
  const auto connections = connections_;
  for (const auto& connection : connections) {
    if (connection->identity()->material.client_ca != current.material.client_ca)
      connection->drain();
  }
}

void Worker::cut() {
  timer_.cancel();
  const auto connections = connections_;
  for (const auto& connection : connections) connection->close();
}

void Worker::forget(const std::shared_ptr<Connection>& connection) {
  if (connections_.erase(connection) == 0) return;
  --shape.connections;
  if (is_draining_) tell_drained();
}

void Worker::tell_drained() {
  const std::lock_guard lock(shape.draining);
  shape.drained.notify_all();
}

void Worker::log_refused(const std::string& why) {
  if (tick_ < quiet_until_tick_) return;
  quiet_until_tick_ = tick_ + Millis{1'000} / kTick;
  shape.log.warn("a TLS peer was refused", {{"error", why}});
}

}  // namespace berth::http
