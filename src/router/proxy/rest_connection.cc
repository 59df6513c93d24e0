#include "router/proxy/rest_connection.h"

#include <array>
#include <boost/asio/write.hpp>
#include <boost/beast/http/status.hpp>
#include <charconv>
#include <utility>

namespace berth::router {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using boost::system::error_code;

constexpr Millis kLastWait{500};
constexpr size_t kAheadMost = 128 * 1024;  // of requests that come before the answer

std::string_view view(beast::string_view text) { return {text.data(), text.size()}; }

void append_status(int status, std::string& out) {
  const auto reason =
      beast::http::obsolete_reason(beast::http::int_to_status(static_cast<unsigned>(status)));
  out.append("HTTP/1.1 ").append(std::to_string(status)).append(" ");
  out.append(view(reason)).append("\r\n");
}

bool has_no_body(int status) { return status == 204 || status == 304; }

// Whether `name` is one of those in a Connection header.
bool is_named_in(std::string_view name, std::string_view connection) {
  while (!connection.empty()) {
    const size_t comma = std::min(connection.find(','), connection.size());
    std::string_view one = connection.substr(0, comma);
    connection.remove_prefix(std::min(comma + 1, connection.size()));
    while (one.starts_with(' ')) one.remove_prefix(1);
    while (one.ends_with(' ')) one.remove_suffix(1);
    if (equal_names(one, name)) return true;
  }
  return false;
}

std::string quoted(std::string_view line) {
  std::string out = "{\"error\":\"";
  for (const char c : line) {
    if (c == '"' || c == '\\') out.append(1, '\\');
    out.append(1, static_cast<unsigned char>(c) < 0x20 ? ' ' : c);
  }
  return out + "\"}";
}

}  // namespace

RestConnection::RestConnection(Loop& loop, asio::ip::tcp::socket socket)
    : loop_(loop),
      socket_(std::move(socket)),
      room_(loop.shared.bodies, loop.shared.limits.held_bytes_max) {}

RestConnection::~RestConnection() = default;

std::shared_ptr<RestConnection> RestConnection::self() {
  return std::static_pointer_cast<RestConnection>(shared_from_this());
}

void RestConnection::enter(Phase phase, Millis timeout) {
  phase_ = phase;
  deadline_ = Loop::now() + timeout;
}

void RestConnection::start() {
  enter(Phase::Idle, loop_.shared.limits.idle_timeout);
  read();
}

// A read is always under way, or it would not be noticed that the client has gone.
void RestConnection::read() {
  if (is_reading_ || !socket_.is_open()) return;
  if (phase_ == Phase::Answering && in_.size() >= kAheadMost) return;
  is_reading_ = true;
  socket_.async_read_some(in_.prepare(kReadSize), [self = self()](error_code error, size_t size) {
    self->is_reading_ = false;
    self->on_read(error, size);
  });
}

void RestConnection::on_read(error_code error, size_t size) {
  if (!socket_.is_open()) return;
  if (error) {
    if (is_complete_ && is_writing_) return;  // it may have closed its own side alone
    return close();
  }
  in_.commit(size);
  if (phase_ != Phase::Answering) advance();
  read();
}

void RestConnection::begin_request() {
  parser_.emplace();
  parser_->header_limit(static_cast<uint32_t>(loop_.shared.limits.header_bytes_max));
  parser_->body_limit(loop_.shared.limits.request_bytes_max);
  body_.clear();
  is_head_checked_ = false;
  is_complete_ = false;
  is_chunked_ = false;
  enter(Phase::Head, loop_.shared.limits.header_timeout);
}

// Takes what has been read as far as it goes.
void RestConnection::advance() {
  if (in_.size() == 0) return;
  if (phase_ == Phase::Idle) begin_request();
  error_code error;
  const bool is_understood = feed(*parser_, in_, error);
  if (parser_->is_header_done() && !is_head_checked_ && !check_head()) return;
  if (!take_body()) return;
  if (!is_understood) return refuse_malformed(error);
  if (parser_->is_done()) handle();
}

bool RestConnection::check_head() {
  is_head_checked_ = true;
  enter(Phase::Body, loop_.shared.limits.body_timeout);
  is_last_ = !parser_->keep_alive();
  const auto expected = view(parser_->get()[beast::http::field::expect]);
  if (parser_->is_done() || !equal_names(expected, "100-continue")) return true;
  out_.append("HTTP/1.1 100 Continue\r\n\r\n");
  flush();
  return true;
}

bool RestConnection::take_body() {
  std::string& come = parser_->get().body();
  if (!room_.take(come.size())) {
    answer_with(503, "the requests that are being handled hold as much memory as they may",
                "Retry-After: 1\r\n");
    return false;
  }
  if (body_.empty()) {
    body_ = std::exchange(come, {});
  } else {
    body_.append(come);
    come.clear();
  }
  return true;
}

Call RestConnection::take_call() {
  const auto& message = parser_->get();
  Call call{.protocol = Protocol::Rest,
            .method = std::string(view(message.method_string())),
            .target = std::string(view(message.target())),
            .host = std::string(view(message[beast::http::field::host])),
            .body = std::make_shared<const std::string>(std::exchange(body_, {})),
            .begun = Loop::now()};
  const std::string_view connection = view(message[beast::http::field::connection]);
  for (const auto& field : message) {
    const std::string_view name = view(field.name_string());
    if (is_of_one_hop(name) || is_named_in(name, connection)) continue;
    call.fields.emplace_back(name, view(field.value()));
  }
  const auto timeout = parse_timeout(find_field(call.fields, kTimeoutHeader));
  if (timeout) call.deadline = call.begun + *timeout;
  return call;
}

void RestConnection::handle() {
  phase_ = Phase::Answering;
  exchange_ = std::make_shared<Exchange>(loop_, take_call(), static_cast<Client&>(*this));
  exchange_->start();
}

void RestConnection::append_head(const Head& head, const Part& part) {
  if (loop_.shared.is_draining) is_last_ = true;
  append_status(head.status, out_);
  for (const auto& [name, value] : head.fields) {
    out_.append(name).append(": ").append(value).append("\r\n");
  }
  if (has_no_body(head.status)) {
  } else if (head.length) {
    out_.append("Content-Length: ").append(std::to_string(*head.length)).append("\r\n");
  } else if (part.is_last) {
    out_.append("Content-Length: ").append(std::to_string(part.body.size())).append("\r\n");
  } else if (parser_->get().version() >= 11) {
    is_chunked_ = true;
    out_.append("Transfer-Encoding: chunked\r\n");
  } else {
    is_last_ = true;  // its end is that of the connection
  }
  if (is_last_) out_.append("Connection: close\r\n");
  out_.append("\r\n");
}

void RestConnection::append_body(const Part& part) {
  if (!is_chunked_) {
    out_.append(part.body);
    return;
  }
  if (!part.body.empty()) {
    std::array<char, 20> size{};
    const auto end = std::to_chars(size.data(), size.data() + size.size(), part.body.size(), 16);
    out_.append(size.data(), end.ptr).append("\r\n").append(part.body).append("\r\n");
  }
  if (part.is_last) out_.append("0\r\n\r\n");
}

void RestConnection::send(Part part) {
  if (part.head) append_head(*part.head, part);
  append_body(part);
  is_complete_ = part.is_last;
  flush();
}

void RestConnection::refuse(Refusal why, std::string_view line) {
  const bool is_for_a_while = why == Refusal::Crowded || why == Refusal::NoReplica;
  const bool was_last = is_last_;
  answer_with(code_of(why, Protocol::Rest), line,
              is_for_a_while ? "Retry-After: 1\r\n" : std::string_view());
  is_last_ = was_last || loop_.shared.is_draining;
}

// What cannot be read on ends the connection: the rest of the request is still to come.
void RestConnection::answer_with(int status, std::string_view line, std::string_view more_headers) {
  const bool is_over = phase_ != Phase::Answering;
  const std::string body = quoted(line);
  phase_ = Phase::Answering;
  is_last_ = is_last_ || is_over || loop_.shared.is_draining;
  append_status(status, out_);
  out_.append("Content-Type: application/json\r\nContent-Length: ");
  out_.append(std::to_string(body.size())).append("\r\n").append(more_headers);
  if (is_last_) out_.append("Connection: close\r\n");
  out_.append("\r\n");
  const bool is_head =
      parser_ && parser_->is_header_done() && parser_->get().method() == beast::http::verb::head;
  if (!is_head) out_.append(body);
  is_complete_ = true;
  flush();
}

void RestConnection::refuse_malformed(error_code error) {
  const auto& limits = loop_.shared.limits;
  if (error == beast::http::error::body_limit) {
    return answer_with(
        413, "the body is larger than " + std::to_string(limits.request_bytes_max) + " B");
  }
  if (error == beast::http::error::header_limit) {
    return answer_with(
        431, "the headers are larger than " + std::to_string(limits.header_bytes_max) + " B");
  }
  answer_with(400, "this is not HTTP/1.1: " + error.message());
}

void RestConnection::flush() {
  if (is_writing_ || out_.empty() || !socket_.is_open()) return;
  is_writing_ = true;
  std::swap(out_, writing_);
  out_.clear();
  write_deadline_ = Loop::now() + loop_.shared.limits.write_timeout;
  asio::async_write(socket_, asio::buffer(writing_), [self = self()](error_code error, size_t) {
    self->is_writing_ = false;
    self->on_written(error);
  });
}

void RestConnection::on_written(error_code error) {
  if (!socket_.is_open()) return;
  write_deadline_ = Moment::max();
  if (error) return close();
  if (!out_.empty()) return flush();
  if (phase_ != Phase::Answering) return;
  if (is_complete_) return end_request();
  if (exchange_) exchange_->resume();
}

void RestConnection::end_request() {
  exchange_.reset();
  room_.give_back(room_.held());
  if (is_last_ || loop_.shared.is_draining) {
    error_code ignored;
    socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
    // Unread bytes would make the kernel reset the connection, and the client lose the answer.
    phase_ = Phase::Answering;
    is_complete_ = false;
    deadline_ = Loop::now() + Millis{1'000};
    in_.consume(in_.size());
    return read();
  }
  enter(Phase::Idle, loop_.shared.limits.idle_timeout);
  advance();
  read();
}

// Its next request may be on the way, sent to a server that listened: closing now would lose it.
void RestConnection::finish() {
  if (phase_ == Phase::Idle) deadline_ = Loop::now() + kLastWait;
}

void RestConnection::close() {
  if (!socket_.is_open()) return;
  const auto keep = self();
  if (const auto exchange = std::exchange(exchange_, nullptr)) exchange->abandon();
  error_code ignored;
  socket_.close(ignored);
  loop_.forget(keep);
}

void RestConnection::check_deadlines(Moment now) {
  if (now >= write_deadline_) return close();
  const bool is_lingering = phase_ == Phase::Answering && !exchange_ && !is_writing_;
  if (now < deadline_ || (phase_ == Phase::Answering && !is_lingering)) return;
  switch (phase_) {
    case Phase::Head: return answer_with(408, "the headers did not come in time");
    case Phase::Body: return answer_with(408, "the body did not come in time");
    case Phase::Idle:
    case Phase::Answering: return close();
  }
}

}  // namespace berth::router
