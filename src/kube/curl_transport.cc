#include "kube/curl_transport.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <deque>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>
#include <vector>

#include "kube/curl_exchange.h"
#include "kube/curl_loop.h"
#include "kube/reply.h"
#include "kube/token_bucket.h"

namespace berth::kube {

namespace {

// libcurl wants to be set up once per process, before anything else of it.
void init_curl_once() {
  static const CURLcode kDone = curl_global_init(CURL_GLOBAL_DEFAULT);
  (void)kDone;
}

}  // namespace

// The rules about order and time. Exchanges wait in line, are started into the newest loop, and are
// kept in `active_` until their end was told. Only poll() starts or erases them, so callbacks,
// which run inside it, can neither add to nor take from what it walks over. A poll() costs what
// happened in it, however many exchanges are open.
class CurlTransport::Engine {
 public:
  Engine(Config config, const Clock& clock, CurlOptions options);
  ~Engine();

  StreamId enqueue(std::unique_ptr<CurlExchange> exchange);
  void close(StreamId id);
  void poll(Millis max_wait);
  void wake() const;

  StreamId next_id() { return ++last_id_; }
  const WireRules& rules() const { return rules_; }
  int wake_fd() const { return wake_fd_; }
  size_t open_count() const { return active_.size() + waiting_.size(); }

 private:
  void start_waiting();
  bool may_start(const CurlExchange& exchange, Monotonic now);
  void start(std::unique_ptr<CurlExchange> exchange);
  void put_on_wire(CurlExchange& exchange);
  void set_deadline(CurlExchange& exchange, Monotonic deadline);
  void take_off_wire(CurlExchange& exchange);
  Status refresh_identity();

  Millis wait_time(Millis max_wait);
  void wait(Millis time);
  void run_loops();
  void on_ended(CURL* easy, CURLcode code);
  bool reauthorize(CurlExchange& exchange);
  void note_signs_of_life();
  void end_overdue();
  void deliver();
  void deliver_end(StreamId id);
  void drop_idle_loops();

  const Clock& clock_;
  CurlOptions options_;
  WireRules rules_;
  Credentials credentials_;
  TokenBucket bucket_;
  int wake_fd_;
  StreamId last_id_ = 0;
  bool is_polling_ = false;

  std::shared_ptr<const Identity> identity_;
  // The last one takes new exchanges; the ones before it, whose connection went silent, only end.
  std::vector<std::unique_ptr<CurlLoop>> loops_;
  std::vector<CURL*> idle_;  // easy handles to use again, which keeps their buffers
  std::deque<std::unique_ptr<CurlExchange>> waiting_;
  std::map<StreamId, std::unique_ptr<CurlExchange>> active_;
  size_t in_flight_ = 0;         // of active_, what is not a stream
  std::set<StreamId> streams_;   // of active_, the others
  std::vector<StreamId> ended_;  // of active_, what has ended or was closed; may repeat
  std::set<std::pair<Monotonic, StreamId>> deadlines_;  // of what was put on the wire
};

CurlTransport::Engine::Engine(Config config, const Clock& clock, CurlOptions options)
    : clock_(clock),
      options_(std::move(options)),
      rules_{.endpoint = endpoint_of(config.cluster),
             .user_agent = options_.user_agent,
             .max_body_bytes = options_.max_body_bytes,
             .max_line_bytes = options_.max_line_bytes,
             .connect_timeout = options_.connect_timeout},
      credentials_(std::move(config), clock, options_.run_plugin),
      bucket_(options_.requests_per_second, options_.burst),
      wake_fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  init_curl_once();
  loops_.push_back(std::make_unique<CurlLoop>());
}

CurlTransport::Engine::~Engine() {
  for (auto& [id, exchange] : active_) take_off_wire(*exchange);
  for (CURL* easy : idle_) curl_easy_cleanup(easy);
  loops_.clear();
  ::close(wake_fd_);
}

StreamId CurlTransport::Engine::enqueue(std::unique_ptr<CurlExchange> exchange) {
  const StreamId id = exchange->id();
  waiting_.push_back(std::move(exchange));
  return id;
}

void CurlTransport::Engine::close(StreamId id) {
  std::erase_if(waiting_, [&](const auto& exchange) { return exchange->id() == id; });
  if (const auto found = active_.find(id); found != active_.end()) {
    found->second->closed = true;
    take_off_wire(*found->second);
    ended_.push_back(id);
  }
}

void CurlTransport::Engine::poll(Millis max_wait) {
  assert(!is_polling_ && "a callback of the transport may not poll it");
  is_polling_ = true;
  start_waiting();
  wait(wait_time(max_wait));
  run_loops();
  note_signs_of_life();
  end_overdue();
  deliver();
  drop_idle_loops();
  is_polling_ = false;
}

void CurlTransport::Engine::wake() const {
  const uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(wake_fd_, &one, sizeof one);
}

void CurlTransport::Engine::start_waiting() {
  const Monotonic now = clock_.monotonic();
  while (!waiting_.empty() && may_start(*waiting_.front(), now)) {
    auto exchange = std::move(waiting_.front());
    waiting_.pop_front();
    start(std::move(exchange));
  }
}

bool CurlTransport::Engine::may_start(const CurlExchange& exchange, Monotonic now) {
  if (!exchange.is_stream() && in_flight_ >= options_.max_in_flight) return false;
  return bucket_.take(now);
}

void CurlTransport::Engine::start(std::unique_ptr<CurlExchange> exchange) {
  CurlExchange& started = *exchange;
  if (started.is_stream()) {
    streams_.insert(started.id());
  } else {
    ++in_flight_;
  }
  active_.emplace(started.id(), std::move(exchange));
  if (const Status fresh = refresh_identity(); !fresh) {
    started.fail(fresh.error());
    return ended_.push_back(started.id());
  }
  put_on_wire(started);
}

Status CurlTransport::Engine::refresh_identity() {
  const Identity* current = BERTH_TRY(credentials_.current());
  if (!identity_ || *identity_ != *current) identity_ = std::make_shared<const Identity>(*current);
  return Done{};
}

void CurlTransport::Engine::put_on_wire(CurlExchange& exchange) {
  CURL* easy = idle_.empty() ? curl_easy_init() : idle_.back();
  if (!idle_.empty()) idle_.pop_back();
  // The deadline counts from here: time spent in line is not the server's silence.
  const Monotonic now = clock_.monotonic();
  set_deadline(exchange, now + exchange.request().timeout);
  CurlLoop& loop = *loops_.back();
  if (loop.asked_since <= loop.last_heard) loop.asked_since = now;
  exchange.start(easy, loop, identity_);
}

void CurlTransport::Engine::set_deadline(CurlExchange& exchange, Monotonic deadline) {
  deadlines_.erase({exchange.deadline, exchange.id()});
  exchange.deadline = deadline;
  deadlines_.emplace(deadline, exchange.id());
}

void CurlTransport::Engine::take_off_wire(CurlExchange& exchange) {
  constexpr size_t kIdleMax = 16;
  CURL* easy = exchange.easy();
  exchange.leave();
  if (easy == nullptr) return;
  if (idle_.size() < kIdleMax) return idle_.push_back(easy);
  curl_easy_cleanup(easy);
}

Millis CurlTransport::Engine::wait_time(Millis max_wait) {
  const Monotonic now = clock_.monotonic();
  Millis time = max_wait;
  for (const auto& loop : loops_)
    if (loop->is_due()) return Millis{0};
  if (!ended_.empty()) return Millis{0};
  if (!deadlines_.empty()) time = std::min(time, deadlines_.begin()->first - now);
  if (!waiting_.empty() && in_flight_ < options_.max_in_flight)
    time = std::min(time, bucket_.wait(now));
  return std::max(time, Millis{0});
}

void CurlTransport::Engine::wait(Millis time) {
  constexpr Millis kLongest{3'600'000};
  std::vector<pollfd> fds{{.fd = wake_fd_, .events = POLLIN}};
  for (const auto& loop : loops_) fds.push_back({.fd = loop->fd(), .events = POLLIN});
  ::poll(fds.data(), fds.size(), static_cast<int>(std::min(time, kLongest).count()));
  if (fds.front().revents == 0) return;
  uint64_t wakes = 0;
  [[maybe_unused]] const auto got = ::read(wake_fd_, &wakes, sizeof wakes);
}

void CurlTransport::Engine::run_loops() {
  for (const auto& loop : loops_)
    loop->run([this](CURL* easy, CURLcode code) { on_ended(easy, code); });
}

void CurlTransport::Engine::on_ended(CURL* easy, CURLcode code) {
  CurlExchange* exchange = nullptr;
  curl_easy_getinfo(easy, CURLINFO_PRIVATE, &exchange);
  exchange->finish(code);
  take_off_wire(*exchange);
  if (exchange->status() == 401 && code == CURLE_OK && reauthorize(*exchange))
    return put_on_wire(*exchange);
  ended_.push_back(exchange->id());
}

// After a 401, whether there is a newer identity to try once more with: nothing was done by the
// server, so asking again is safe for every method.
bool CurlTransport::Engine::reauthorize(CurlExchange& exchange) {
  if (exchange.reauthorized) return false;
  exchange.reauthorized = true;
  if (exchange.identity() == identity_) {
    credentials_.refused();
    if (!refresh_identity()) return false;
  }
  return exchange.identity() != identity_;
}

void CurlTransport::Engine::note_signs_of_life() {
  const Monotonic now = clock_.monotonic();
  for (const auto& loop : loops_)
    if (std::exchange(loop->heard, false)) loop->last_heard = now;
  for (const StreamId id : streams_) {
    CurlExchange& stream = *active_.at(id);
    if (std::exchange(stream.heard, false)) set_deadline(stream, now + stream.request().timeout);
  }
}

void CurlTransport::Engine::end_overdue() {
  const Monotonic now = clock_.monotonic();
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    CurlExchange& exchange = *active_.at(deadlines_.begin()->second);
    deadlines_.erase(deadlines_.begin());
    if (exchange.has_ended() || exchange.closed) continue;
    const Millis timeout = exchange.request().timeout;
    // Nobody heard anything over this connection since: it may be half open. What is on it may
    // still end, but nothing new goes there. Who waits for a moment only cannot know.
    const CurlLoop& loop = *exchange.loop();
    const bool is_silent = loop.last_heard <= exchange.deadline - timeout &&
                           now - loop.asked_since >= options_.most_silence;
    if (is_silent && &loop == loops_.back().get()) loops_.push_back(std::make_unique<CurlLoop>());
    take_off_wire(exchange);
    exchange.fail({Code::Timeout, "no answer in " + std::to_string(timeout.count()) + " ms"});
    ended_.push_back(exchange.id());
  }
}

void CurlTransport::Engine::deliver() {
  for (const StreamId id : streams_) {
    CurlExchange& stream = *active_.at(id);
    stream.deliver_lines();
    if (stream.has_ended()) ended_.push_back(id);
  }
  std::vector<StreamId> ended = std::exchange(ended_, {});  // callbacks may close others
  std::sort(ended.begin(), ended.end());
  for (const StreamId id : ended) deliver_end(id);
}

void CurlTransport::Engine::deliver_end(StreamId id) {
  const auto at = active_.find(id);
  if (at == active_.end()) return;
  CurlExchange& exchange = *at->second;
  take_off_wire(exchange);
  if (streams_.erase(id) == 0) --in_flight_;
  deadlines_.erase({exchange.deadline, id});
  exchange.deliver_end();
  active_.erase(at);
}

void CurlTransport::Engine::drop_idle_loops() {
  const CurlLoop* newest = loops_.back().get();
  std::erase_if(loops_,
                [&](const auto& loop) { return loop.get() != newest && loop->size() == 0; });
}

CurlTransport::CurlTransport(Config config, const Clock& clock, CurlOptions options)
    : engine_(std::make_unique<Engine>(std::move(config), clock, std::move(options))) {}

CurlTransport::~CurlTransport() = default;

void CurlTransport::send(Request request, Reply reply) {
  engine_->enqueue(std::make_unique<CurlExchange>(engine_->next_id(), std::move(request),
                                                  std::move(reply), engine_->rules()));
}

StreamId CurlTransport::open(Request request, StreamSink sink) {
  return engine_->enqueue(std::make_unique<CurlExchange>(engine_->next_id(), std::move(request),
                                                         std::move(sink), engine_->rules()));
}

void CurlTransport::close(StreamId id) { engine_->close(id); }

void CurlTransport::poll(Millis max_wait) { engine_->poll(max_wait); }

void CurlTransport::wake() { engine_->wake(); }

int CurlTransport::wake_fd() const { return engine_->wake_fd(); }

size_t CurlTransport::open_count() const { return engine_->open_count(); }

Result<Json> call(CurlTransport& transport, Request request) {
  const Request sent = request;
  std::optional<Result<Response>> response;
  transport.send(std::move(request), [&](Result<Response> got) { response = std::move(got); });
  // The exchange's own deadline ends this, however silent the server.
  while (!response) transport.poll(Millis{1'000});
  return parse_reply(sent, std::move(*response));
}

}  // namespace berth::kube
