#include "http/http2_connection.h"

#include <boost/asio/dispatch.hpp>
#include <boost/asio/write.hpp>
#include <charconv>
#include <utility>
#include <vector>

namespace berth::http {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr size_t kWriteSize = 64 * 1024;

std::string larger_than(std::string_view what, size_t bytes) {
  return std::string(what) + " larger than " + std::to_string(bytes) + " B";
}

}  // namespace

Http2Connection::Http2Connection(Link link)
    : Connection(std::move(link)), frames_(*this, limits()) {}

std::shared_ptr<Http2Connection> Http2Connection::self() {
  return std::static_pointer_cast<Http2Connection>(shared_from_this());
}

void Http2Connection::start() {
  quiet_deadline_ = worker().deadline(limits().header_timeout);
  flush();
  read();
}

void Http2Connection::drain() {
  if (!is_open() || std::exchange(is_draining_, true)) return;
  frames_.finish();
  flush();
}

void Http2Connection::read() {
  if (is_reading_ || is_writing_ || !is_open()) return;
  is_reading_ = true;
  link_.stream.async_read_some(asio::buffer(in_), [self = self()](error_code error, size_t size) {
    self->is_reading_ = false;
    if (!self->is_open()) return;
    if (error) return self->close();
    self->on_read(size);
  });
}

void Http2Connection::on_read(size_t size) {
  is_feeding_ = true;
  const Status status = frames_.read({in_.data(), size});
  is_feeding_ = false;
  if (!status.ok()) worker().log_refused(status.error().message);
  flush();
  read();
}

void Http2Connection::flush() {
  if (is_feeding_ || is_writing_ || !is_open()) return;
  out_.clear();
  frames_.write(out_, kWriteSize);
  if (out_.empty()) {
    if (frames_.is_over()) linger();
    return;
  }
  is_writing_ = true;
  write_deadline_ = worker().deadline(limits().write_timeout);
  asio::async_write(link_.stream, asio::buffer(out_), [self = self()](error_code error, size_t) {
    self->is_writing_ = false;
    if (!self->is_open()) return;
    if (error) return self->close();
    self->flush();
    self->read();
  });
}

Http2Connection::Stream* Http2Connection::find(int32_t id, Phase phase) {
  const auto at = streams_.find(id);
  return at == streams_.end() || at->second.phase != phase ? nullptr : &at->second;
}

void Http2Connection::enter(Stream& stream, Phase phase, Millis timeout) {
  stream.phase = phase;
  stream.deadline = worker().deadline(timeout);
}

void Http2Connection::drop_body(Stream& stream) {
  bodies_.give_back(std::exchange(stream.body_bytes, 0));
  stream.body = {};
}

void Http2Connection::forget(int32_t id) {
  drop_body(streams_.at(id));
  streams_.erase(id);
  if (streams_.empty()) quiet_deadline_ = worker().deadline(limits().idle_timeout);
}

void Http2Connection::on_greeting() { quiet_deadline_ = worker().deadline(limits().idle_timeout); }

bool Http2Connection::on_headers(int32_t id) {
  // Once GOAWAY has named the last request, the peer asks others elsewhere.
  if (is_draining_) return false;
  if (streams_.size() >= static_cast<size_t>(limits().streams_max)) return false;
  enter(streams_[id], Phase::Header, limits().header_timeout);
  return true;
}

void Http2Connection::on_header(int32_t id, std::string_view name, std::string_view value) {
  Stream* stream = find(id, Phase::Header);
  if (stream == nullptr) return;
  stream->header_bytes += name.size() + value.size() + 4;  // as much as ": " and the line's end
  if (stream->header_bytes > limits().header_bytes_max) return;
  if (name == ":method") stream->method = value;
  if (name == ":path") stream->target = value;
  if (name == "content-type") stream->content_type = value;
  if (name == "expect") stream->is_waiting = value == "100-continue";
  if (name == "content-length") {
    std::from_chars(value.data(), value.data() + value.size(), stream->declared_bytes);
  }
}

void Http2Connection::on_headers_end(int32_t id) {
  Stream* stream = find(id, Phase::Header);
  if (stream == nullptr) return;
  if (stream->header_bytes > limits().header_bytes_max) {
    return refuse(id, 431, larger_than("the headers are", limits().header_bytes_max));
  }
  if (stream->declared_bytes > limits().body_bytes_max) return refuse_large_body(id);
  if (stream->is_waiting) frames_.tell_to_go_on(id);
  enter(*stream, Phase::Body, limits().body_timeout);
}

void Http2Connection::on_body(int32_t id, std::string_view bytes) {
  Stream* stream = find(id, Phase::Body);
  if (stream == nullptr) return;
  if (stream->body.size() + bytes.size() > limits().body_bytes_max) return refuse_large_body(id);
  if (bodies_.held() + bytes.size() > limits().unfinished_bytes_max) {
    return refuse(
        id, 503,
        larger_than("the unanswered bodies of this connection are", limits().unfinished_bytes_max));
  }
  if (!bodies_.take(bytes.size())) return refuse(id, 503, crowded(limits()));
  stream->body += bytes;
  stream->body_bytes += bytes.size();
}

void Http2Connection::on_request_end(int32_t id) {
  Stream* stream = find(id, Phase::Body);
  if (stream == nullptr) return;
  enter(*stream, Phase::Handling, limits().handler_timeout);
  // Of their own: an answer may come before the handler returns, and need not keep them.
  const std::string body = std::move(stream->body);
  const std::string method = stream->method;
  const std::string target = std::move(stream->target);
  const std::string type = std::move(stream->content_type);
  worker().shape.handler(Request{method, target, body, type}, link_.peer, responder(id));
}

// Weak both times: an answer may come when the server is long gone, and a queued function must not
// keep alive the io_context that it waits in.
Respond Http2Connection::responder(int32_t id) {
  return [weak = std::weak_ptr<Http2Connection>(self()), id](Response response) {
    const auto connection = weak.lock();
    if (connection == nullptr) return;
    asio::dispatch(connection->worker().io, [weak, id, response = std::move(response)]() mutable {
      const auto asked = weak.lock();
      if (asked != nullptr) asked->answer(id, std::move(response));
    });
  };
}

void Http2Connection::answer(int32_t id, Response response) {
  if (!is_open()) return;
  if (find(id, Phase::Gone) != nullptr) return forget(id);
  Stream* stream = find(id, Phase::Handling);
  if (stream == nullptr) return;
  drop_body(*stream);
  enter(*stream, Phase::Writing, limits().write_timeout);
  frames_.answer(id, std::move(response), stream->method == "HEAD");
  flush();
}

void Http2Connection::refuse(int32_t id, int status, std::string_view line) {
  Stream& stream = streams_.at(id);
  drop_body(stream);
  enter(stream, Phase::Writing, limits().write_timeout);
  frames_.answer(id, text_response(status, line), stream.method == "HEAD");
}

void Http2Connection::refuse_large_body(int32_t id) {
  refuse(id, 413, larger_than("the body is", limits().body_bytes_max));
}

void Http2Connection::on_stream_end(int32_t id) {
  if (streams_.count(id) == 0) return;
  if (Stream* handled = find(id, Phase::Handling)) {
    handled->phase = Phase::Gone;
  } else {
    forget(id);
  }
}

void Http2Connection::check_deadlines() {
  if (is_writing_ && worker().is_past(write_deadline_)) return close();
  if (streams_.empty() && worker().is_past(quiet_deadline_)) {
    if (is_draining_) return close();
    quiet_deadline_ = worker().deadline(limits().write_timeout);
    return drain();
  }
  std::vector<int32_t> late;
  for (const auto& [id, stream] : streams_) {
    if (worker().is_past(stream.deadline)) late.push_back(id);
  }
  for (const int32_t id : late) check_deadline(id, streams_.at(id));
  if (!late.empty()) flush();
}

void Http2Connection::check_deadline(int32_t id, const Stream& stream) {
  switch (stream.phase) {
    case Phase::Header:  // nothing else can be sent between the frames of one request's headers
      return frames_.end("the headers did not come within " + in_seconds(limits().header_timeout));
    case Phase::Body:
      return refuse(id, 408, "the body did not come within " + in_seconds(limits().body_timeout));
    case Phase::Handling:
      return refuse(id, 503, "no answer within " + in_seconds(limits().handler_timeout));
    case Phase::Writing: frames_.reset(id); return forget(id);
    case Phase::Gone: return forget(id);
  }
}

}  // namespace berth::http
