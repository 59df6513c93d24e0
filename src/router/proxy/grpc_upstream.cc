#include "router/proxy/grpc_upstream.h"

#include <boost/asio/post.hpp>
#include <charconv>
#include <utility>

#include "router/proxy/dial.h"
#include "router/proxy/grpc_pool.h"

namespace berth::router {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

Fields grpc_request_headers(const Call& call, Moment deadline) {
  Fields headers{{":method", call.method},
                 {":scheme", "http"},
                 {":path", call.target},
                 {":authority", call.host}};
  for (const auto& field : call.fields) {
    if (field.first != kGrpcTimeoutHeader) headers.push_back(field);
  }
  headers.emplace_back("te", "trailers");
  headers.emplace_back(kGrpcTimeoutHeader, grpc_timeout_text(deadline - Loop::now()));
  return headers;
}

}  // namespace

void GrpcAttempt::submit(const Fields& headers, std::shared_ptr<const std::string> body) {
  if (!sink_) return;  // cancelled while it was waiting
  stream_ = upstream_->session_->request(headers, std::move(body));
  if (stream_ >= 0) {
    upstream_->attempts_.emplace(stream_, shared_from_this());
    return;
  }
  asio::post(upstream_->loop_.io, [self = shared_from_this()] {
    self->fail(Broken::NotSent, "the connection takes no more requests");
  });
}

void GrpcAttempt::resume() {
  if (stream_ >= 0 && sink_) upstream_->session_->consume(stream_, std::exchange(unconsumed_, 0));
}

void GrpcAttempt::cancel() {
  sink_.reset();
  if (stream_ >= 0) upstream_->session_->reset(stream_);
}

void GrpcAttempt::on_headers(Fields fields, bool is_last) {
  if (!sink_) return;
  Part part{.is_last = is_last};
  if (has_begun_) {
    if (!is_last) return;
    part.trailers = std::move(fields);
    return pass_on(std::move(part));
  }
  Head head;
  for (auto& [name, value] : fields) {
    if (name == ":status") {
      std::from_chars(value.data(), value.data() + value.size(), head.status);
    } else if (!name.starts_with(':') && !is_of_one_hop(name)) {
      head.fields.emplace_back(std::move(name), std::move(value));
    }
  }
  if (head.status < 200) return;
  has_begun_ = true;
  part.head = std::move(head);
  pass_on(std::move(part));
}

void GrpcAttempt::on_data(std::string_view bytes) {
  if (!sink_) return upstream_->session_->consume(stream_, bytes.size());
  unconsumed_ += bytes.size();
  pass_on({.head = {}, .body = bytes, .is_last = false, .trailers = {}});
}

void GrpcAttempt::on_end() {
  if (sink_) pass_on({.head = {}, .body = {}, .is_last = true, .trailers = {}});
}

void GrpcAttempt::pass_on(Part part) {
  const auto sink = sink_;
  if (part.is_last) {
    sink_.reset();
    // The connection's window is for all its streams.
    upstream_->session_->consume(stream_, std::exchange(unconsumed_, 0));
  }
  sink->on_part(std::move(part));
}

void GrpcAttempt::fail(Broken how, std::string_view why) {
  if (const auto sink = std::exchange(sink_, nullptr)) sink->on_broken(how, why);
}

GrpcUpstream::GrpcUpstream(Loop& loop) : loop_(loop), socket_(loop.io), connecting_(loop.io) {}

GrpcUpstream::~GrpcUpstream() {
  if (session_) session_->close();
}

void GrpcUpstream::connect(const std::string& address, uint16_t port) {
  dial(loop_, socket_, connecting_, address, port,
       [self = shared_from_this()](error_code done) { self->on_connected(done); });
}

void GrpcUpstream::on_connected(error_code error) {
  if (session_ || is_lost_) return;
  connecting_.cancel();
  error_code ignored;
  if (error) {
    is_lost_ = true;
    socket_.close(ignored);
    for (const Waiting& one : std::exchange(waiting_, {})) {
      one.attempt->fail(Broken::NotSent, error.message());
    }
    return;
  }
  socket_.set_option(tcp::no_delay(true), ignored);
  session_ = std::make_shared<H2Session>(loop_, std::move(socket_), H2Side::Client,
                                         static_cast<H2Events&>(*this));
  session_->start();
  for (Waiting& one : std::exchange(waiting_, {})) {
    one.attempt->submit(one.headers, std::move(one.body));
  }
}

bool GrpcUpstream::takes_more() const {
  return !is_lost_ && (!session_ || session_->can_request());
}

void GrpcUpstream::send(const std::shared_ptr<GrpcAttempt>& attempt, Fields headers,
                        std::shared_ptr<const std::string> body) {
  if (session_) return attempt->submit(headers, std::move(body));
  waiting_.push_back({attempt, std::move(headers), std::move(body)});
}

std::shared_ptr<GrpcAttempt> GrpcUpstream::find(int32_t stream) const {
  const auto found = attempts_.find(stream);
  return found == attempts_.end() ? nullptr : found->second;
}

void GrpcUpstream::on_headers(int32_t stream, Fields fields, bool is_last) {
  if (const auto attempt = find(stream)) attempt->on_headers(std::move(fields), is_last);
}

void GrpcUpstream::on_data(int32_t stream, std::string_view bytes) {
  if (const auto attempt = find(stream)) attempt->on_data(bytes);
}

void GrpcUpstream::on_stream_end(int32_t stream) {
  if (const auto attempt = find(stream)) attempt->on_end();
}

void GrpcUpstream::on_stream_closed(int32_t stream, uint32_t error) {
  const auto self = shared_from_this();
  const auto attempt = find(stream);
  attempts_.erase(stream);
  idle_since_ = Loop::now();
  if (!attempt) return;
  const Broken how = error == NGHTTP2_REFUSED_STREAM ? Broken::NotSent
                     : attempt->has_begun()          ? Broken::Cut
                                                     : Broken::NoAnswer;
  attempt->fail(how, "the stream was reset");
}

void GrpcUpstream::on_lost(std::string_view why) {
  const auto self = shared_from_this();
  is_lost_ = true;
  for (const auto& [stream, attempt] : std::exchange(attempts_, {})) {
    attempt->fail(attempt->has_begun() ? Broken::Cut : Broken::NoAnswer, why);
  }
}

GrpcPool::~GrpcPool() = default;

std::shared_ptr<Attempt> GrpcPool::send(const Replica& replica, const Call& call, Moment deadline,
                                        std::shared_ptr<AnswerSink> sink) {
  auto& connection = connections_[replica.id];
  if (!connection || !connection->takes_more()) {
    connection = std::make_shared<GrpcUpstream>(loop_);
    connection->connect(replica.address, replica.grpc_port);
  }
  auto attempt = std::make_shared<GrpcAttempt>(connection, std::move(sink));
  connection->send(attempt, grpc_request_headers(call, deadline), call.body);
  return attempt;
}

void GrpcPool::keep_only(const std::set<std::string>& replicas) {
  std::erase_if(connections_, [&](const auto& one) { return !replicas.contains(one.first); });
}

void GrpcPool::close_idle(Moment now) {
  const Millis timeout = loop_.shared.limits.replica_idle_timeout;
  std::erase_if(connections_, [&](const auto& one) {
    return one.second->is_idle() && now - one.second->idle_since() >= timeout;
  });
}

}  // namespace berth::router
