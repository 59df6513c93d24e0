#include "http/tls_connection.h"

#include <boost/asio/dispatch.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/status.hpp>
#include <utility>

namespace berth::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using boost::system::error_code;

constexpr size_t kReadSize = 16 * 1024;  // one TLS record

std::string_view reason_of(int status) {
  const auto text =
      beast::http::obsolete_reason(beast::http::int_to_status(static_cast<unsigned>(status)));
  return {text.data(), text.size()};
}

// Head and body in one buffer: kube-scheduler's connection pool drops connections whose answers
// arrive in pieces.
void render(const Response& response, bool is_last, std::string& out) {
  out.clear();
  out.reserve(response.body.size() + 160);
  out.append("HTTP/1.1 ").append(std::to_string(response.status)).append(" ");
  out.append(reason_of(response.status)).append("\r\nContent-Type: ");
  out.append(response.content_type).append("\r\nContent-Length: ");
  out.append(std::to_string(response.body.size())).append("\r\n");
  if (is_last) out.append("Connection: close\r\n");
  out.append("\r\n").append(response.body);
}

std::string seconds(Millis time) { return std::to_string(time.count() / 1000) + " s"; }

}  // namespace

Connection::Connection(std::shared_ptr<Worker> worker, asio::ip::tcp::socket socket,
                       std::shared_ptr<TlsIdentity> identity)
    : worker_(std::move(worker)),
      identity_(std::move(identity)),
      stream_(std::move(socket), identity_->context) {}

void Connection::enter(Phase phase, Millis timeout) {
  phase_ = phase;
  deadline_tick_ = worker_->tick() + timeout / kTick + 1;
}

void Connection::start() {
  enter(Phase::Handshake, worker_->shape.limits.handshake_timeout);
  stream_.async_handshake(
      asio::ssl::stream_base::server, [self = shared_from_this()](error_code error) {
        if (self->phase_ == Phase::Closed) return;
        if (error) {
          self->worker_->log_refused(error.message());
          return self->close();
        }
        self->peer_.common_name = peer_common_name(self->stream_.native_handle());
        self->wait_for_request();
      });
}

void Connection::wait_for_request() {
  if (worker_->is_draining()) return close();
  if (in_.size() > 0) return read_header();  // the peer sent the next one already
  enter(Phase::Idle, worker_->shape.limits.idle_timeout);
  stream_.async_read_some(in_.prepare(kReadSize),
                          [self = shared_from_this()](error_code error, size_t size) {
                            if (self->phase_ == Phase::Closed) return;
                            if (error) return self->close();
                            self->in_.commit(size);
                            self->read_header();
                          });
}

void Connection::read_header() {
  enter(Phase::Header, worker_->shape.limits.header_timeout);
  parser_.emplace();
  parser_->header_limit(static_cast<uint32_t>(worker_->shape.limits.header_bytes_max));
  parser_->body_limit(worker_->shape.limits.body_bytes_max);
  beast::http::async_read_header(
      stream_, in_, *parser_,
      [self = shared_from_this()](error_code error, size_t) { self->on_header(error); });
}

void Connection::on_header(error_code error) {
  if (phase_ != Phase::Header) return;
  if (error) return refuse_malformed(error);
  if (!beast::iequals(parser_->get()[beast::http::field::expect], "100-continue")) {
    return read_body();
  }
  out_ = "HTTP/1.1 100 Continue\r\n\r\n";
  asio::async_write(stream_, asio::buffer(out_),
                    [self = shared_from_this()](error_code failed, size_t) {
                      if (self->phase_ != Phase::Header) return;
                      if (failed) return self->close();
                      self->read_body();
                    });
}

void Connection::read_body() {
  if (parser_->is_done()) return handle();
  enter(Phase::Body, worker_->shape.limits.body_timeout);
  beast::http::async_read(stream_, in_, *parser_,
                          [self = shared_from_this()](error_code error, size_t) {
                            if (self->phase_ != Phase::Body) return;
                            if (error) return self->refuse_malformed(error);
                            self->handle();
                          });
}

void Connection::handle() {
  enter(Phase::Handling, worker_->shape.limits.handler_timeout);
  is_last_ = !parser_->keep_alive();
  const auto& message = parser_->get();
  const auto method = message.method_string();
  const auto target = message.target();
  // Weak both times: an answer may come when the server is long gone, and a queued function must
  // not keep alive the io_context that it waits in.
  worker_->shape.handler(
      Request{{method.data(), method.size()}, {target.data(), target.size()}, message.body()},
      peer_, [weak = weak_from_this(), request = requests_](Response response) {
        const auto self = weak.lock();
        if (self == nullptr) return;
        asio::dispatch(self->worker_->io,
                       [weak, request, response = std::move(response)]() mutable {
                         const auto connection = weak.lock();
                         if (connection != nullptr)
                           connection->answer(request, std::move(response));
                       });
      });
}

void Connection::answer(uint64_t request, Response response) {
  if (phase_ != Phase::Handling || request != requests_) return;
  if (worker_->is_draining()) is_last_ = true;
  write(response);
}

void Connection::write(const Response& response) {
  enter(Phase::Writing, worker_->shape.limits.write_timeout);
  ++requests_;
  render(response, is_last_, out_);
  asio::async_write(stream_, asio::buffer(out_),
                    [self = shared_from_this()](error_code error, size_t) {
                      if (self->phase_ == Phase::Closed) return;
                      if (error) return self->close();
                      if (self->is_last_) return self->linger();
                      self->wait_for_request();
                    });
}

void Connection::refuse(int status, std::string_view line) {
  is_last_ = true;
  write(text_response(status, line));
}

void Connection::refuse_malformed(error_code error) {
  const Limits& limits = worker_->shape.limits;
  if (error == beast::http::error::body_limit) {
    return refuse(413, "the body is larger than " + std::to_string(limits.body_bytes_max) + " B");
  }
  if (error == beast::http::error::header_limit) {
    return refuse(431,
                  "the headers are larger than " + std::to_string(limits.header_bytes_max) + " B");
  }
  // What is no HTTP deserves a line; what is a broken connection cannot get one.
  if (error.category() != beast::http::make_error_code(beast::http::error::bad_method).category() ||
      error == beast::http::error::end_of_stream || error == beast::http::error::partial_message) {
    return close();
  }
  refuse(400, "this is not HTTP/1.1: " + error.message());
}

// Closing with unread input would reset the connection and take our last answer with it. So: say
// that nothing more comes, and read what the peer still sends until it stops or time is up.
void Connection::linger() {
  if (phase_ != Phase::Lingering) enter(Phase::Lingering, worker_->shape.limits.header_timeout);
  error_code ignored;
  stream_.next_layer().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  stream_.next_layer().async_read_some(asio::buffer(discarded_),
                                       [self = shared_from_this()](error_code error, size_t) {
                                         if (self->phase_ == Phase::Closed) return;
                                         if (error) return self->close();
                                         self->linger();
                                       });
}

void Connection::on_tick() {
  if (worker_->tick() < deadline_tick_) return;
  const Limits& limits = worker_->shape.limits;
  switch (phase_) {
    case Phase::Header:
      return refuse(408, "the headers did not come within " + seconds(limits.header_timeout));
    case Phase::Body:
      return refuse(408, "the body did not come within " + seconds(limits.body_timeout));
    case Phase::Handling: return refuse(503, "no answer within " + seconds(limits.handler_timeout));
    case Phase::Handshake:
    case Phase::Idle:
    case Phase::Writing:
    case Phase::Lingering:
    case Phase::Closed: return close();
  }
}

void Connection::drain() {
  if (phase_ == Phase::Idle || phase_ == Phase::Handshake) close();
}

void Connection::close() {
  if (phase_ == Phase::Closed) return;
  phase_ = Phase::Closed;
  const auto self = shared_from_this();
  worker_->forget(self);  // first, so that a peer that sees the end finds its place free
  error_code ignored;
  stream_.next_layer().close(ignored);
}

void Worker::adopt(asio::ip::tcp::socket socket, std::shared_ptr<TlsIdentity> identity) {
  auto connection =
      std::make_shared<Connection>(shared_from_this(), std::move(socket), std::move(identity));
  connections_.insert(connection);
  connection->start();
  if (is_draining_) connection->drain();
  if (!is_ticking_) start_ticking();
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
}

void Worker::cut() {
  timer_.cancel();
  const auto connections = connections_;
  for (const auto& connection : connections) connection->close();
}

void Worker::forget(const std::shared_ptr<Connection>& connection) {
  if (connections_.erase(connection) == 0) return;
  --shape.connections;
  if (!is_draining_) return;
  const std::lock_guard lock(shape.draining);
  shape.drained.notify_all();
}

void Worker::log_refused(const std::string& why) {
  if (tick_ < quiet_until_tick_) return;
  quiet_until_tick_ = tick_ + Millis{1'000} / kTick;
  shape.log.warn("a TLS peer was refused", {{"error", why}});
}

}  // namespace berth::http
