#include "router/proxy/h2_session.h"

#include <algorithm>
#include <array>
#include <boost/asio/write.hpp>
#include <utility>
#include <vector>

namespace berth::router {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr size_t kWriteSize = 64 * 1024;
constexpr uint32_t kStreamWindow = 256 * 1024;
constexpr int32_t kConnectionWindow = 16 * 1024 * 1024;
// Tells the ping of a GOAWAY from those that ask whether the peer is there.
constexpr std::array<uint8_t, 8> kGoAwayPing{'g', 'o', 'i', 'n', 'g'};
constexpr int kPingsToReplica = 2;

KeepaliveRules keepalive_rules(const ProxyLimits& limits, H2Side side) {
  KeepaliveRules rules{.quiet_before_ping = limits.quiet_before_ping,
                       .ping_timeout = limits.ping_timeout};
  if (side == H2Side::Client) rules.pings_in_a_row_max = kPingsToReplica;
  return rules;
}

nghttp2_nv header_of(std::string_view name, std::string_view value) {
  // nghttp2 copies both and changes neither.
  auto* const name_bytes = reinterpret_cast<uint8_t*>(const_cast<char*>(name.data()));
  auto* const value_bytes = reinterpret_cast<uint8_t*>(const_cast<char*>(value.data()));
  return {name_bytes, value_bytes, name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

std::vector<nghttp2_nv> headers_of(const Fields& fields) {
  std::vector<nghttp2_nv> headers;
  headers.reserve(fields.size());
  for (const auto& [name, value] : fields) headers.push_back(header_of(name, value));
  return headers;
}

std::string_view view_of(const uint8_t* bytes, size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

}  // namespace

struct H2Session::Calls {
  static H2Session& self(void* user) { return *static_cast<H2Session*>(user); }

  static int header(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name,
                    size_t name_size, const uint8_t* value, size_t value_size, uint8_t,
                    void* user) {
    H2Session& session = self(user);
    Fields& fields = session.incoming_[frame->hd.stream_id];
    fields.emplace_back(view_of(name, name_size), view_of(value, value_size));
    size_t size = 0;
    for (const auto& [one, text] : fields) size += one.size() + text.size();
    const bool is_long = size > session.loop_.shared.limits.header_bytes_max;
    return is_long ? NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE : 0;
  }

  static int frame(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    H2Session& session = self(user);
    const int32_t stream = frame->hd.stream_id;
    const bool is_last = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    if (frame->hd.type == NGHTTP2_PING) {
      if ((frame->hd.flags & NGHTTP2_FLAG_ACK) != 0)
        session.on_ping_answer(frame->ping.opaque_data);
      return 0;
    }
    session.keepalive_.count_traffic();
    if (frame->hd.type == NGHTTP2_GOAWAY && session.events_ != nullptr) {
      session.events_->on_goaway(frame->goaway.last_stream_id);
    }
    if (frame->hd.type == NGHTTP2_HEADERS && session.events_ != nullptr) {
      const auto fields = session.incoming_.extract(stream);
      session.events_->on_headers(stream, fields ? std::move(fields.mapped()) : Fields(), is_last);
    }
    const bool is_of_message = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
    if (is_of_message && is_last && session.events_ != nullptr) {
      session.events_->on_stream_end(stream);
    }
    return 0;
  }

  // Pings overtake other frames, so that of a GOAWAY follows only once it is on its way.
  static int sent(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
    if (frame->hd.type != NGHTTP2_GOAWAY || self(user).has_gone_away_) return 0;
    return nghttp2_submit_ping(session, NGHTTP2_FLAG_NONE, kGoAwayPing.data());
  }

  static int data(nghttp2_session*, uint8_t, int32_t stream, const uint8_t* bytes, size_t size,
                  void* user) {
    H2Session& session = self(user);
    if (session.events_ != nullptr) session.events_->on_data(stream, view_of(bytes, size));
    return 0;
  }

  static int closed(nghttp2_session*, int32_t stream, uint32_t error, void* user) {
    H2Session& session = self(user);
    session.outgoing_.erase(stream);
    session.incoming_.erase(stream);
    if (session.side_ == H2Side::Client) --session.requests_;
    if (session.events_ != nullptr) session.events_->on_stream_closed(stream, error);
    return 0;
  }

  static ssize_t body(nghttp2_session* session, int32_t stream, uint8_t* to, size_t size,
                      uint32_t* flags, nghttp2_data_source*, void* user) {
    auto& outgoing = self(user).outgoing_;
    const auto found = outgoing.find(stream);
    if (found == outgoing.end()) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    Outgoing& out = found->second;
    const std::string& text = out.shared ? *out.shared : out.text;
    const size_t taken = std::min(size, out.size());
    std::copy_n(text.data() + out.at, taken, reinterpret_cast<char*>(to));
    out.at += taken;
    if (out.size() > 0) return static_cast<ssize_t>(taken);
    if (!out.shared) {
      out.text.clear();
      out.at = 0;
    }
    if (!out.is_last)
      return taken > 0 ? static_cast<ssize_t>(taken) : ssize_t{NGHTTP2_ERR_DEFERRED};
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (!out.trailers.empty()) {
      *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
      const auto trailers = headers_of(out.trailers);
      nghttp2_submit_trailer(session, stream, trailers.data(), trailers.size());
    }
    return static_cast<ssize_t>(taken);
  }
};

H2Session::H2Session(Loop& loop, asio::ip::tcp::socket socket, H2Side side, H2Events& events)
    : loop_(loop),
      side_(side),
      socket_(std::move(socket)),
      timer_(loop.io),
      keepalive_(keepalive_rules(loop.shared.limits, side)),
      events_(&events),
      in_(kWriteSize, '\0') {
  nghttp2_session_callbacks* calls = nullptr;
  nghttp2_session_callbacks_new(&calls);
  nghttp2_session_callbacks_set_on_header_callback(calls, Calls::header);
  nghttp2_session_callbacks_set_on_frame_recv_callback(calls, Calls::frame);
  nghttp2_session_callbacks_set_on_frame_send_callback(calls, Calls::sent);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(calls, Calls::data);
  nghttp2_session_callbacks_set_on_stream_close_callback(calls, Calls::closed);
  nghttp2_option* option = nullptr;
  nghttp2_option_new(&option);
  nghttp2_option_set_no_auto_window_update(option, 1);
  if (side == H2Side::Server) {
    nghttp2_session_server_new2(&session_, calls, this, option);
  } else {
    nghttp2_session_client_new2(&session_, calls, this, option);
  }
  nghttp2_option_del(option);
  nghttp2_session_callbacks_del(calls);
  greet();
}

H2Session::~H2Session() { nghttp2_session_del(session_); }

void H2Session::greet() {
  const auto& limits = loop_.shared.limits;
  const std::array<nghttp2_settings_entry, 3> settings{{
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kStreamWindow},
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits.streams_max},
      {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
  }};
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings.data(),
                          side_ == H2Side::Client ? 3 : 2);
  nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, kConnectionWindow);
}

void H2Session::start() {
  keepalive_.hear(Loop::now());
  flush();
  read();
  keep_alive();
}

void H2Session::keep_alive() {
  if (!socket_.is_open()) return;
  const Moment now = Loop::now();
  const bool is_in_use = side_ == H2Side::Server || requests_ > 0;
  switch (keepalive_.step(now, is_in_use)) {
    case Keepalive::Step::GiveUp: return lose("it answers no ping");
    case Keepalive::Step::Ping:
      nghttp2_submit_ping(session_, NGHTTP2_FLAG_NONE, nullptr);
      flush();
      break;
    case Keepalive::Step::Wait: break;
  }
  arm_keepalive(now);
}

void H2Session::arm_keepalive(Moment now) {
  timer_.expires_at(keepalive_.next(now));
  timer_.async_wait([weak = weak_from_this()](error_code error) {
    const auto self = weak.lock();
    if (!error && self) self->keep_alive();
  });
}

void H2Session::on_ping_answer(const uint8_t* payload) {
  arm_keepalive(Loop::now());
  if (!std::equal(kGoAwayPing.begin(), kGoAwayPing.end(), payload)) return;
  const int32_t last = nghttp2_session_get_last_proc_stream_id(session_);
  nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE, last, NGHTTP2_NO_ERROR, nullptr, 0);
  has_gone_away_ = true;
}

void H2Session::read() {
  if (is_reading_ || !socket_.is_open()) return;
  is_reading_ = true;
  socket_.async_read_some(
      asio::buffer(in_), [self = shared_from_this()](error_code error, size_t size) {
        self->is_reading_ = false;
        if (!self->socket_.is_open()) return;
        if (error) return self->lose(error.message());
        self->keepalive_.hear(Loop::now());
        self->is_feeding_ = true;
        const ssize_t used = nghttp2_session_mem_recv(
            self->session_, reinterpret_cast<const uint8_t*>(self->in_.data()), size);
        self->is_feeding_ = false;
        self->flush();
        if (used < 0) return self->lose(nghttp2_strerror(static_cast<int>(used)));
        self->read();
      });
}

void H2Session::flush() {
  if (is_feeding_ || is_writing_ || !socket_.is_open()) return;
  out_.clear();
  const uint8_t* bytes = nullptr;
  is_feeding_ = true;  // it tells of streams that have ended, whose owner may send more
  while (out_.size() < kWriteSize) {
    const ssize_t size = nghttp2_session_mem_send(session_, &bytes);
    if (size <= 0) break;
    out_.append(view_of(bytes, static_cast<size_t>(size)));
  }
  is_feeding_ = false;
  if (out_.empty()) {
    writing_since_ = Moment::max();
    if (events_ != nullptr) events_->on_written();
    return;
  }
  is_writing_ = true;
  writing_since_ = Loop::now();
  asio::async_write(socket_, asio::buffer(out_),
                    [self = shared_from_this()](error_code error, size_t) {
                      self->is_writing_ = false;
                      if (!self->socket_.is_open()) return;
                      if (error) return self->lose(error.message());
                      self->flush();
                    });
}

int32_t H2Session::request(const Fields& headers, std::shared_ptr<const std::string> body) {
  const auto list = headers_of(headers);
  const bool has_body = !body->empty();
  const nghttp2_data_provider provider{.source = {.ptr = nullptr}, .read_callback = Calls::body};
  const int32_t stream = nghttp2_submit_request(session_, nullptr, list.data(), list.size(),
                                                has_body ? &provider : nullptr, nullptr);
  if (stream < 0) return stream;
  ++requests_;
  keepalive_.count_traffic();
  if (has_body) outgoing_[stream] = {.shared = std::move(body), .is_last = true};
  flush();
  return stream;
}

void H2Session::respond(int32_t stream, const Fields& headers, bool is_last) {
  const auto list = headers_of(headers);
  const nghttp2_data_provider provider{.source = {.ptr = nullptr}, .read_callback = Calls::body};
  if (!is_last) outgoing_[stream];
  nghttp2_submit_response(session_, stream, list.data(), list.size(),
                          is_last ? nullptr : &provider);
  if (is_last) flush();
}

void H2Session::append(int32_t stream, std::string_view bytes) {
  const auto found = outgoing_.find(stream);
  if (found == outgoing_.end() || bytes.empty()) return;
  found->second.text.append(bytes);
  nghttp2_session_resume_data(session_, stream);
  flush();
}

void H2Session::finish(int32_t stream, Fields trailers) {
  const auto found = outgoing_.find(stream);
  if (found == outgoing_.end()) return;
  found->second.is_last = true;
  found->second.trailers = std::move(trailers);
  nghttp2_session_resume_data(session_, stream);
  flush();
}

void H2Session::reset(int32_t stream, uint32_t error) {
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream, error);
  flush();
}

void H2Session::consume(int32_t stream, size_t bytes) {
  if (bytes == 0) return;
  nghttp2_session_consume(session_, stream, bytes);
  flush();
}

void H2Session::go_away() {
  nghttp2_submit_shutdown_notice(session_);
  flush();
}

void H2Session::hang_up() {
  error_code ignored;
  socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
}

void H2Session::close() {
  events_ = nullptr;
  timer_.cancel();
  error_code ignored;
  socket_.close(ignored);
}

void H2Session::lose(std::string_view why) {
  const auto self = shared_from_this();
  H2Events* const events = events_;
  close();
  if (events != nullptr) events->on_lost(why);
}

size_t H2Session::unsent(int32_t stream) const {
  const auto found = outgoing_.find(stream);
  return found == outgoing_.end() ? 0 : found->second.size();
}

bool H2Session::can_request() const {
  return socket_.is_open() && nghttp2_session_check_request_allowed(session_) != 0;
}

}  // namespace berth::router
