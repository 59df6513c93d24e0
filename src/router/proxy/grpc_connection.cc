#include "router/proxy/grpc_connection.h"

#include <boost/asio/post.hpp>
#include <utility>
#include <vector>

namespace berth::router {
namespace {

constexpr size_t kUnsentMost = 128 * 1024;  // of one answer, before the replica is asked for more

constexpr Millis kHangUpWait{1'000};  // for the client's end of the connection

// What a line may not hold in a header, as gRPC encodes it.
std::string percent_encoded(std::string_view line) {
  static constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (const char c : line) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f && c != '%') {
      out.append(1, c);
    } else {
      out.append(1, '%').append(1, kDigits[byte >> 4]).append(1, kDigits[byte & 15]);
    }
  }
  return out;
}

}  // namespace

GrpcStream::GrpcStream(Loop& loop, std::shared_ptr<H2Session> session, int32_t id)
    : loop_(loop),
      session_(std::move(session)),
      id_(id),
      begun_(Loop::now()),
      room_(loop.shared.bodies, loop.shared.limits.held_bytes_max) {}

void GrpcStream::take_headers(Fields fields) {
  if (fields_.empty()) fields_ = std::move(fields);  // else they are trailers, which say nothing
}

void GrpcStream::take_data(std::string_view bytes) {
  session_->consume(id_, bytes.size());
  if (is_answered_) return;
  const auto& limits = loop_.shared.limits;
  if (body_.size() + bytes.size() > limits.request_bytes_max) {
    return refuse(Refusal::TooLarge,
                  "the request is larger than " + std::to_string(limits.request_bytes_max) + " B");
  }
  if (!room_.take(bytes.size())) {
    return refuse(Refusal::Crowded,
                  "the requests that are being handled hold as much memory as they may");
  }
  body_.append(bytes);
}

void GrpcStream::handle() {
  if (is_answered_ || exchange_) return;
  Call call{.protocol = Protocol::Grpc,
            .body = std::make_shared<const std::string>(std::exchange(body_, {})),
            .begun = Loop::now()};
  for (auto& [name, value] : std::exchange(fields_, {})) {
    if (name == ":method") call.method = value;
    if (name == ":path") call.target = value;
    if (name == ":authority" || (name == "host" && call.host.empty())) call.host = value;
    if (name.starts_with(':') || is_of_one_hop(name)) continue;
    call.fields.emplace_back(std::move(name), std::move(value));
  }
  const auto timeout = parse_grpc_timeout(find_field(call.fields, kGrpcTimeoutHeader));
  if (timeout) call.deadline = call.begun + *timeout;
  exchange_ = std::make_shared<Exchange>(loop_, std::move(call), static_cast<Client&>(*this));
  exchange_->start();
}

void GrpcStream::send(Part part) {
  if (part.head) {
    is_answered_ = true;
    Fields headers{{":status", std::to_string(part.head->status)}};
    for (auto& field : part.head->fields) headers.push_back(std::move(field));
    session_->respond(id_, headers, part.is_last);
    if (part.is_last) return;
  }
  session_->append(id_, part.body);
  if (part.is_last) return session_->finish(id_, std::move(part.trailers));
  is_waiting_ = session_->unsent(id_) > kUnsentMost;
  if (!is_waiting_ && exchange_) exchange_->resume();
}

void GrpcStream::on_written() {
  if (!is_waiting_ || session_->unsent(id_) > kUnsentMost) return;
  is_waiting_ = false;
  if (exchange_) exchange_->resume();
}

void GrpcStream::refuse(Refusal why, std::string_view line) {
  if (std::exchange(is_answered_, true)) return;
  session_->respond(id_,
                    {{":status", "200"},
                     {"content-type", "application/grpc"},
                     {"grpc-status", std::to_string(code_of(why, Protocol::Grpc))},
                     {"grpc-message", percent_encoded(line)}},
                    true);
}

void GrpcStream::cut() { session_->reset(id_, NGHTTP2_INTERNAL_ERROR); }

void GrpcStream::abandon() {
  if (const auto exchange = std::exchange(exchange_, nullptr)) exchange->abandon();
}

bool GrpcStream::is_late(Moment now) const {
  return !exchange_ && !is_answered_ && now - begun_ >= loop_.shared.limits.body_timeout;
}

void GrpcStream::refuse_late() { refuse(Refusal::Late, "the request did not come in time"); }

GrpcConnection::GrpcConnection(Loop& loop, boost::asio::ip::tcp::socket socket)
    : loop_(loop),
      session_(std::make_shared<H2Session>(loop, std::move(socket), H2Side::Server,
                                           static_cast<H2Events&>(*this))),
      quiet_since_(Loop::now()) {}

GrpcConnection::~GrpcConnection() { session_->close(); }

void GrpcConnection::start() { session_->start(); }

GrpcStream* GrpcConnection::find(int32_t stream) {
  const auto found = streams_.find(stream);
  return found == streams_.end() ? nullptr : found->second.get();
}

void GrpcConnection::on_headers(int32_t id, Fields fields, bool) {
  auto& stream = streams_[id];
  if (!stream) stream = std::make_unique<GrpcStream>(loop_, session_, id);
  stream->take_headers(std::move(fields));
}

void GrpcConnection::on_data(int32_t id, std::string_view bytes) {
  if (GrpcStream* const stream = find(id)) return stream->take_data(bytes);
  session_->consume(id, bytes.size());
}

void GrpcConnection::on_stream_end(int32_t id) {
  if (GrpcStream* const stream = find(id)) stream->handle();
}

void GrpcConnection::on_stream_closed(int32_t id, uint32_t) {
  const auto stream = streams_.extract(id);
  if (stream) stream.mapped()->abandon();
  if (streams_.empty()) quiet_since_ = Loop::now();
}

void GrpcConnection::on_written() {
  std::vector<int32_t> ids;  // what goes on may end any of them
  for (const auto& [id, stream] : streams_) ids.push_back(id);
  for (const int32_t id : ids) {
    if (GrpcStream* const stream = find(id)) stream->on_written();
  }
  if (!session_->has_gone_away() || !streams_.empty() || hung_up_at_) return;
  // Closed now, unread bytes would make the kernel reset it, and the client lose its answer.
  hung_up_at_ = Loop::now();
  session_->hang_up();
}

void GrpcConnection::on_lost(std::string_view) { close(); }

void GrpcConnection::drain() {
  if (!std::exchange(is_leaving_, true)) session_->go_away();
}

void GrpcConnection::finish() { drain(); }

void GrpcConnection::close() {
  if (std::exchange(is_closed_, true)) return;
  const auto keep = shared_from_this();
  for (const auto& [id, stream] : std::exchange(streams_, {})) stream->abandon();
  session_->close();
  loop_.forget(keep);
}

void GrpcConnection::check_deadlines(Moment now) {
  const auto& limits = loop_.shared.limits;
  const Moment writing_since = session_->writing_since();
  if (writing_since != Moment::max() && now - writing_since >= limits.write_timeout) {
    return close();
  }
  if (hung_up_at_ && now - *hung_up_at_ >= kHangUpWait) return close();
  if (streams_.empty() && now - quiet_since_ >= limits.idle_timeout) {
    if (is_leaving_) return close();
    quiet_since_ = now;
    return drain();
  }
  std::vector<GrpcStream*> late;
  for (const auto& [id, stream] : streams_) {
    if (stream->is_late(now)) late.push_back(stream.get());
  }
  for (GrpcStream* const stream : late) stream->refuse_late();
}

}  // namespace berth::router
