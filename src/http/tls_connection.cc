#include "http/tls_connection.h"

#include <utility>

#include "http/http1_connection.h"
#include "http/http2_connection.h"

namespace berth::http {

namespace asio = boost::asio;
using boost::system::error_code;

void Connection::on_tick() {
  if (life_ == Life::Open) return check_deadlines();
  if (life_ == Life::Lingering && worker().is_past(linger_deadline_)) close();
}

void Connection::close() {
  if (life_ == Life::Closed) return;
  life_ = Life::Closed;
  const auto self = shared_from_this();
  worker().forget(self);  // first, so that a peer that sees the end finds its place free
  error_code ignored;
  link_.stream.socket().close(ignored);
}

Link Connection::hand_over() {
  life_ = Life::Closed;
  return std::move(link_);
}

void Connection::linger() {
  life_ = Life::Lingering;
  linger_deadline_ = worker().deadline(limits().header_timeout);
  error_code ignored;
  link_.stream.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  discard_input();
}

void Connection::discard_input() {
  link_.stream.socket().async_read_some(asio::buffer(discarded_),
                                        [self = shared_from_this()](error_code error, size_t) {
                                          if (self->life_ == Life::Closed) return;
                                          if (error) return self->close();
                                          self->discard_input();
                                        });
}

void Handshake::start() {
  deadline_ = worker().deadline(limits().handshake_timeout);
  const auto self = std::static_pointer_cast<Handshake>(shared_from_this());
  link_.stream.tls()->async_handshake(asio::ssl::stream_base::server, [self](error_code error) {
    if (!self->is_open()) return;
    if (error) {
      self->worker().log_refused(error.message());
      return self->close();
    }
    self->finish();
  });
}

void Handshake::finish() {
  const bool is_http2 = speaks_http2(link_.stream.tls()->native_handle());
  link_.peer.common_name = peer_common_name(link_.stream.tls()->native_handle());
  const auto worker = link_.worker;
  Link link = hand_over();
  std::shared_ptr<Connection> next;
  if (is_http2) {
    next = std::make_shared<Http2Connection>(std::move(link));
  } else {
    next = std::make_shared<Http1Connection>(std::move(link));
  }
  worker->replace(shared_from_this(), std::move(next));
}

void Handshake::check_deadlines() {
  if (worker().is_past(deadline_)) close();
}

std::string in_seconds(Millis time) { return std::to_string(time.count() / 1000) + " s"; }

std::string crowded(const Limits& limits) {
  return "the bodies of all connections together are larger than " +
         std::to_string(limits.all_bodies_bytes_max) + " B";
}

}  // namespace berth::http
