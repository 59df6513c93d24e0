#include "http/http1_connection.h"

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

struct Ending {
  bool is_last = false;  // of this connection
  bool is_head = false;  // asked with HEAD: the length of a body that does not follow
};

// Head and body in one buffer: kube-scheduler's connection pool drops connections whose answers
// arrive in pieces.
void render(const Response& response, Ending ending, std::string& out) {
  out.clear();
  out.reserve(response.body.size() + 160);
  out.append("HTTP/1.1 ").append(std::to_string(response.status)).append(" ");
  out.append(reason_of(response.status)).append("\r\nContent-Type: ");
  out.append(response.content_type).append("\r\nContent-Length: ");
  out.append(std::to_string(response.body.size())).append("\r\n");
  for (const auto& [name, value] : response.headers) {
    out.append(name).append(": ").append(value).append("\r\n");
  }
  if (ending.is_last) out.append("Connection: close\r\n");
  out.append("\r\n");
  if (!ending.is_head) out.append(response.body);
}

}  // namespace

std::shared_ptr<Http1Connection> Http1Connection::self() {
  return std::static_pointer_cast<Http1Connection>(shared_from_this());
}

void Http1Connection::enter(Phase phase, Millis timeout) {
  phase_ = phase;
  incoming_.set(phase == Phase::Header || phase == Phase::Body);
  deadline_ = worker().deadline(timeout);
}

void Http1Connection::wait_for_request() {
  parser_.reset();
  bodies_.give_back(bodies_.held());
  if (is_draining_) return close();
  if (in_.size() > 0) return read_header();  // the peer sent the next one already
  enter(Phase::Idle, limits().idle_timeout);
  read_ahead();
}

// What comes before the next request may be read: its first bytes, once, or that the peer is gone.
void Http1Connection::read_ahead() {
  if (is_reading_ahead_) return;
  is_reading_ahead_ = true;
  link_.stream.async_read_some(in_.prepare(kReadSize),
                               [self = self()](error_code error, size_t size) {
                                 self->is_reading_ahead_ = false;
                                 if (self->is_open()) self->on_read_ahead(error, size);
                               });
}

void Http1Connection::on_read_ahead(error_code error, size_t size) {
  if (error && phase_ == Phase::Writing) {
    is_last_ = true;  // it may have closed its own side alone
    return;
  }
  // Cancelled by drain(), but the next request is here: it was sent to a server that listened.
  error_code ignored;
  if (error && is_draining_ && phase_ == Phase::Idle && link_.stream.socket().available(ignored)) {
    return read_ahead();
  }
  if (error) {
    if (const auto gone = std::exchange(gone_, nullptr)) gone();
    return close();
  }
  in_.commit(size);
  if (phase_ == Phase::Idle) read_header();
}

void Http1Connection::read_header() {
  enter(Phase::Header, limits().header_timeout);
  parser_.emplace();
  parser_->header_limit(static_cast<uint32_t>(limits().header_bytes_max));
  parser_->body_limit(limits().body_bytes_max);
  beast::http::async_read_header(
      link_.stream, in_, *parser_,
      [self = self()](error_code error, size_t) { self->on_header(error); });
}

void Http1Connection::on_header(error_code error) {
  if (!is_in(Phase::Header)) return;
  if (error) return refuse_malformed(error);
  if (!beast::iequals(parser_->get()[beast::http::field::expect], "100-continue")) {
    return read_body();
  }
  out_ = "HTTP/1.1 100 Continue\r\n\r\n";
  asio::async_write(link_.stream, asio::buffer(out_), [self = self()](error_code failed, size_t) {
    if (!self->is_in(Phase::Header)) return;
    if (failed) return self->close();
    self->read_body();
  });
}

void Http1Connection::read_body() {
  if (parser_->is_done()) return handle();
  // Of unknown length it may be as long as any.
  const auto declared = parser_->content_length();
  if (!bodies_.take(declared ? *declared : limits().body_bytes_max)) {
    return refuse(503, crowded(limits()));
  }
  enter(Phase::Body, limits().body_timeout);
  beast::http::async_read(link_.stream, in_, *parser_, [self = self()](error_code error, size_t) {
    if (!self->is_in(Phase::Body)) return;
    if (error) return self->refuse_malformed(error);
    self->handle();
  });
}

void Http1Connection::handle() {
  enter(Phase::Handling, limits().handler_timeout);
  is_last_ = !parser_->keep_alive();
  const auto& message = parser_->get();
  const auto method = message.method_string();
  const auto target = message.target();
  const auto type = message[beast::http::field::content_type];
  // Weak both times: an answer may come when the server is long gone, and a queued function must
  // not keep alive the io_context that it waits in.
  worker().shape.handler(
      Request{{method.data(), method.size()},
              {target.data(), target.size()},
              message.body(),
              {type.data(), type.size()},
              this},
      link_.peer,
      [weak = std::weak_ptr<Http1Connection>(self()), request = requests_](Response response) {
        const auto connection = weak.lock();
        if (connection == nullptr) return;
        asio::dispatch(connection->worker().io,
                       [weak, request, response = std::move(response)]() mutable {
                         const auto asked = weak.lock();
                         if (asked != nullptr) asked->answer(request, response);
                       });
      });
  // With bytes of the next request there is nothing to wait for, and they may not move.
  if (gone_ && is_in(Phase::Handling) && in_.size() == 0) read_ahead();
}

std::string_view Http1Connection::header(std::string_view name) const {
  const auto value = parser_->get()[{name.data(), name.size()}];
  return {value.data(), value.size()};
}

std::string Http1Connection::take_body() { return std::move(parser_->get().body()); }

void Http1Connection::answer(uint64_t request, const Response& response) {
  if (!is_in(Phase::Handling) || request != requests_) return;
  if (is_draining_ || response.is_last) is_last_ = true;
  write(response);
}

void Http1Connection::write(const Response& response) {
  enter(Phase::Writing, limits().write_timeout);
  ++requests_;
  gone_ = nullptr;
  const bool is_head =
      parser_ && parser_->is_header_done() && parser_->get().method() == beast::http::verb::head;
  render(response, {.is_last = is_last_, .is_head = is_head}, out_);
  asio::async_write(link_.stream, asio::buffer(out_), [self = self()](error_code error, size_t) {
    if (!self->is_in(Phase::Writing)) return;
    if (error) return self->close();
    if (self->is_last_) return self->linger();
    self->wait_for_request();
  });
}

void Http1Connection::refuse(int status, std::string_view line) {
  is_last_ = true;
  write(worker().shape.refusal(status, line));
}

void Http1Connection::refuse_malformed(error_code error) {
  if (error == beast::http::error::body_limit) {
    return refuse(413, "the body is larger than " + std::to_string(limits().body_bytes_max) + " B");
  }
  if (error == beast::http::error::header_limit) {
    return refuse(
        431, "the headers are larger than " + std::to_string(limits().header_bytes_max) + " B");
  }
  // What is no HTTP deserves a line; what is a broken connection cannot get one.
  if (error.category() != beast::http::make_error_code(beast::http::error::bad_method).category() ||
      error == beast::http::error::end_of_stream || error == beast::http::error::partial_message) {
    return close();
  }
  refuse(400, "this is not HTTP/1.1: " + error.message());
}

void Http1Connection::check_deadlines() {
  if (!worker().is_past(deadline_)) return;
  switch (phase_) {
    case Phase::Header:
      return refuse(408, "the headers did not come within " + in_seconds(limits().header_timeout));
    case Phase::Body:
      return refuse(408, "the body did not come within " + in_seconds(limits().body_timeout));
    case Phase::Handling:
      return refuse(503, "no answer within " + in_seconds(limits().handler_timeout));
    case Phase::Idle:
    case Phase::Writing: return close();
  }
}

void Http1Connection::drain() {
  if (std::exchange(is_draining_, true) || phase_ != Phase::Idle || !is_open()) return;
  error_code ignored;
  link_.stream.socket().cancel(ignored);  // the end, unless something has been read meanwhile
}

}  // namespace berth::http
