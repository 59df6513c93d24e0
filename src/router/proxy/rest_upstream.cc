#include "router/proxy/rest_upstream.h"

#include <array>
#include <boost/asio/write.hpp>
#include <limits>
#include <utility>

#include "router/proxy/dial.h"
#include "router/proxy/rest_pool.h"

namespace berth::router {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;
using boost::system::error_code;

constexpr uint32_t kHeadMost = 64 * 1024;

void render_request(const Call& call, Moment deadline, std::string& out) {
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Loop::now()).count();
  out.clear();
  out.append(call.method).append(" ").append(call.target).append(" HTTP/1.1\r\nHost: ");
  out.append(call.host).append("\r\n");
  for (const auto& [name, value] : call.fields) {
    if (equal_names(name, kTimeoutHeader)) continue;
    out.append(name).append(": ").append(value).append("\r\n");
  }
  out.append(kTimeoutHeader).append(": ").append(std::to_string(std::max<int64_t>(left, 1)));
  if (!call.body->empty() || call.method == "POST" || call.method == "PUT") {
    out.append("\r\nContent-Length: ").append(std::to_string(call.body->size()));
  }
  out.append("\r\n\r\n");
}

}  // namespace

RestUpstream::RestUpstream(Loop& loop, std::string replica)
    : loop_(loop), replica_(std::move(replica)), socket_(loop.io), connecting_(loop.io) {}

void RestUpstream::connect(const std::string& address, uint16_t port) {
  dial(loop_, socket_, connecting_, address, port,
       [self = shared_from_this()](error_code done) { self->on_connected(done); });
}

void RestUpstream::on_connected(error_code error) {
  if (is_connected_ || !socket_.is_open()) return;
  connecting_.cancel();
  if (error) return fail(error);
  is_connected_ = true;
  error_code ignored;
  socket_.set_option(tcp::no_delay(true), ignored);
  if (!sink_) return close();  // cancelled meanwhile
  write();
  read();
}

void RestUpstream::send(const Call& call, Moment deadline, std::shared_ptr<AnswerSink> sink) {
  sink_ = std::move(sink);
  is_head_request_ = call.method == "HEAD";
  has_head_ = false;
  has_bytes_ = false;
  is_paused_ = false;
  expect_answer();
  render_request(call, deadline, head_out_);
  body_out_ = call.body;
  if (!is_connected_) return;
  write();
  read();
}

void RestUpstream::expect_answer() {
  parser_.emplace();
  parser_->header_limit(kHeadMost);
  parser_->body_limit(std::numeric_limits<uint64_t>::max());  // it is not kept
  parser_->skip(is_head_request_);
}

void RestUpstream::write() {
  is_writing_ = true;
  const std::array<asio::const_buffer, 2> buffers{asio::buffer(head_out_),
                                                  asio::buffer(*body_out_)};
  asio::async_write(socket_, buffers, [self = shared_from_this()](error_code error, size_t) {
    self->is_writing_ = false;
    // What it has answered before it closed is still to be read.
    if (error && !self->is_reading_) self->fail(error);
  });
}

void RestUpstream::read() {
  if (is_reading_ || is_paused_ || !socket_.is_open()) return;
  is_reading_ = true;
  socket_.async_read_some(in_.prepare(kReadSize),
                          [self = shared_from_this()](error_code error, size_t size) {
                            self->is_reading_ = false;
                            self->on_read(error, size);
                          });
}

void RestUpstream::on_read(error_code error, size_t size) {
  if (!socket_.is_open()) return;
  if (error == asio::error::eof && parser_ && has_head_ && !parser_->is_done()) {
    error_code ended;
    parser_->put_eof(ended);  // a body may end so
    if (!ended) return advance();
  }
  if (error) return fail(error);
  if (!sink_) return close();  // nobody has asked
  has_bytes_ = true;
  in_.commit(size);
  advance();
}

void RestUpstream::advance() {
  error_code error;
  if (!feed(*parser_, in_, error)) return fail(error);
  if (parser_->is_header_done() && parser_->get().result_int() < 200) {
    expect_answer();  // 100 Continue and its like
    has_bytes_ = false;
    return in_.size() > 0 ? advance() : read();
  }
  if (!parser_->is_header_done()) return read();
  Part part;
  if (!std::exchange(has_head_, true)) part.head = take_head();
  const std::string body = std::exchange(parser_->get().body(), {});
  part.body = body;
  part.is_last = parser_->is_done();
  if (!part.head && body.empty() && !part.is_last) return read();
  pass_on(std::move(part));
}

Head RestUpstream::take_head() {
  const auto& message = parser_->get();
  Head head{.status = static_cast<int>(message.result_int())};
  for (const auto& field : message) {
    const auto name = field.name_string();
    if (is_of_one_hop({name.data(), name.size()})) continue;
    const auto value = field.value();
    head.fields.emplace_back(std::string(name), std::string(value));
  }
  if (const auto length = parser_->content_length()) head.length = *length;
  return head;
}

void RestUpstream::pass_on(Part part) {
  const auto self = shared_from_this();
  const bool is_last = part.is_last;
  const auto sink = sink_;
  is_paused_ = !is_last;
  if (is_last) on_done();
  sink->on_part(std::move(part));
}

// The connection is free before the client has its answer, which may be what asks next.
void RestUpstream::on_done() {
  sink_.reset();
  const bool is_reusable = parser_->keep_alive() && in_.size() == 0 && !is_writing_;
  body_out_.reset();
  if (!is_reusable) return close();
  parser_.reset();
  idle_since_ = Loop::now();
  loop_.rest->put_back(shared_from_this());
  read();
}

void RestUpstream::resume() {
  if (!std::exchange(is_paused_, false)) return;
  read();
}

void RestUpstream::cancel() {
  sink_.reset();
  close();
}

void RestUpstream::fail(error_code error) {
  const auto self = shared_from_this();
  const auto sink = std::exchange(sink_, nullptr);
  const Broken how = has_bytes_ ? Broken::Cut : is_connected_ ? Broken::NoAnswer : Broken::NotSent;
  close();
  if (sink) sink->on_broken(how, error.message());
}

void RestUpstream::close() {
  error_code ignored;
  connecting_.cancel();
  socket_.close(ignored);
  loop_.rest->forget(*this);
}

}  // namespace berth::router
