#include "kube/fake/fake_transport.h"

#include <variant>

#include "kube/reply.h"

namespace berth::kube::fake {

Fault Fault::refused() {
  return {Where::BeforeServer, Error{Code::Unavailable, "connection refused"}};
}

Fault Fault::lost_reply() { return {Where::AfterServer, Error{Code::Timeout, "no answer"}}; }

Fault Fault::status(int code, std::optional<Millis> retry_after) {
  return {Where::BeforeServer, Response{code, retry_after, ""}};
}

Fault Fault::slow(Millis by) { return {Where::AfterServer, std::nullopt, by}; }

void FakeTransport::send(Request request, Reply reply) {
  parcels_.emplace(clock_.monotonic() + delay(),
                   Parcel{std::move(request), std::move(reply), std::nullopt});
}

StreamId FakeTransport::open(Request request, StreamSink sink) {
  streams_.emplace(next_id_, Stream{std::move(request), std::move(sink), std::nullopt});
  return next_id_++;
}

bool FakeTransport::step() {
  if (!parcels_.empty() && parcels_.begin()->first <= clock_.monotonic()) {
    Parcel parcel = std::move(parcels_.extract(parcels_.begin()).mapped());
    if (parcel.answer) {
      parcel.reply(*std::move(parcel.answer));
    } else {
      arrive(std::move(parcel));
    }
    return true;
  }
  if (stalled_) return false;
  // In turn, so that a busy stream does not starve the others.
  auto at = streams_.upper_bound(turn_);
  for (size_t i = 0; i < streams_.size(); ++i, ++at) {
    if (at == streams_.end()) at = streams_.begin();
    turn_ = at->first;
    if (step_stream(at->first, at->second)) return true;
  }
  return false;
}

size_t FakeTransport::poll(size_t limit) {
  size_t delivered = 0;
  while (delivered < limit && step()) ++delivered;
  return delivered;
}

Monotonic FakeTransport::next_arrival() const {
  return parcels_.empty() ? Monotonic::max() : parcels_.begin()->first;
}

// The request is at the server; its answer starts on its way back.
void FakeTransport::arrive(Parcel parcel) {
  const std::optional<Fault> fault = fault_for(parcel.request);
  if (fault && fault->where == Fault::Where::BeforeServer) {
    parcel.answer = fault->answer;
  } else if (auto refused = refusal_ ? refusal_(parcel.request) : std::nullopt) {
    parcel.answer = *std::move(refused);
  } else {
    parcel.answer = server_.handle(parcel.request);
    if (keeps_sent_) sent_.push_back({parcel.request, (*parcel.answer)->status});
    if (fault && fault->answer) parcel.answer = fault->answer;
  }
  const Millis late = fault ? fault->delay : Millis{0};
  parcels_.emplace(clock_.monotonic() + delay() + late, std::move(parcel));
}

std::optional<Fault> FakeTransport::fault_for(const Request& request) {
  for (auto rule = rules_.begin(); rule != rules_.end(); ++rule) {
    if (!rule->matches(request)) continue;
    if (rule->skip > 0) {
      --rule->skip;
      continue;
    }
    const Fault fault = rule->fault;
    if (--rule->times <= 0) rules_.erase(rule);
    return fault;
  }
  return std::nullopt;
}

bool FakeTransport::step_stream(StreamId id, Stream& stream) {
  if (!stream.cursor) {
    start(id, stream);
    return true;
  }
  if (auto line = server_.next_line(*stream.cursor)) {
    const bool dead = stream.cursor->dead;
    if (deliver(id, *line) && dead) end(id, Done{});
    return true;
  }
  if (stream.cursor->ends && clock_.now() >= *stream.cursor->ends) {
    const bool more = !stream.cursor->bookmarks || deliver(id, server_.bookmark(*stream.cursor));
    if (more) end(id, Done{});
    return true;
  }
  return false;
}

// The watch is at the server.
void FakeTransport::start(StreamId id, Stream& stream) {
  if (const auto fault = fault_for(stream.request); fault && fault->answer) {
    const Result<Response>& answer = *fault->answer;
    return end(id, answer ? error_of(stream.request, *answer) : answer.error());
  }
  auto started = server_.watch(stream.request);
  if (const auto* refused = std::get_if<Response>(&started)) {
    return end(id, error_of(stream.request, *refused));
  }
  stream.cursor = std::get<WatchCursor>(std::move(started));
}

// Whether the stream is still open after that.
bool FakeTransport::deliver(StreamId id, const std::string& line) {
  const auto at = streams_.find(id);
  const LineFate fate = fate_ ? fate_(at->second.request, line) : LineFate::Deliver;
  const auto on_line = at->second.sink.on_line;  // closing the stream from inside destroys its own
  if (fate != LineFate::Drop) on_line(line);
  if (fate == LineFate::Twice && streams_.contains(id)) on_line(line);
  return streams_.contains(id);
}

void FakeTransport::end(StreamId id, const Status& status) {
  auto node = streams_.extract(id);
  node.mapped().sink.on_end(status);
}

void FakeTransport::cut_streams(const Status& status) {
  std::vector<StreamId> open;
  for (const auto& [id, stream] : streams_) open.push_back(id);
  for (const StreamId id : open) {
    if (streams_.contains(id)) end(id, status);
  }
}

void FakeTransport::send_bookmarks() {
  std::vector<StreamId> open;
  for (const auto& [id, stream] : streams_) {
    if (stream.cursor && stream.cursor->bookmarks) open.push_back(id);
  }
  for (const StreamId id : open) {
    const auto at = streams_.find(id);
    if (at != streams_.end()) deliver(id, server_.bookmark(*at->second.cursor));
  }
}

}  // namespace berth::kube::fake
