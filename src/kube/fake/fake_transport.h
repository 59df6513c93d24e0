#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "kube/fake/fake_server.h"
#include "kube/transport.h"

namespace berth::kube::fake {

// What goes wrong with one exchange.
struct Fault {
  enum class Where {
    BeforeServer,  // the server never sees the request
    AfterServer,   // the server has done it
  };
  Where where = Where::AfterServer;
  std::optional<Result<Response>> answer;  // in place of the true one
  Millis delay{0};                         // until the answer arrives

  static Fault refused();     // the connection is refused: certainly not done
  static Fault lost_reply();  // done, and the client sees a Timeout
  static Fault status(int code, std::optional<Millis> retry_after = std::nullopt);  // not done
  static Fault slow(Millis by);  // done at once, answered late
};

// Which exchanges it hits: the first `skip` that match pass, the next `times` do not.
struct FaultRule {
  std::function<bool(const Request&)> matches;
  Fault fault;
  int skip = 0;
  int times = 1;
};

enum class LineFate { Deliver, Drop, Twice };

// A client's connection to a FakeServer. Requests reach the server, and answers and watch events
// the client, only in step() and poll(), in the order in which they were sent; several transports
// may share a server. Destroying one is what the crash of its process looks like.
class FakeTransport final : public Transport {
 public:
  FakeTransport(FakeServer& server, const Clock& clock) : server_(server), clock_(clock) {}

  void send(Request request, Reply reply) override;
  StreamId open(Request request, StreamSink sink) override;
  void close(StreamId id) override { streams_.erase(id); }

  // Delivers one thing: a request to the server, or an answer or a line to the client. False:
  // nothing is due by now.
  bool step();
  // Delivers until nothing is due, but `limit` things at most, so that a hot loop ends. Returns how
  // many there were.
  size_t poll(size_t limit = 1'000'000);
  // When something that is under way arrives; max() when nothing is.
  Monotonic next_arrival() const;

  // Faults.
  void inject(FaultRule rule) { rules_.push_back(std::move(rule)); }
  void clear_faults() { rules_.clear(); }
  void cut_streams(const Status& status);                   // every open stream ends so
  void stall_streams(bool stalled) { stalled_ = stalled; }  // nothing arrives, nothing is lost
  void on_line(std::function<LineFate(const Request&, std::string_view line)> fate) {
    fate_ = std::move(fate);
  }
  // Asked about every request that reaches the server, before it; a response is its refusal. This
  // is where admission policies are.
  void admit_with(std::function<std::optional<Response>(const Request&)> refusal) {
    refusal_ = std::move(refusal);
  }
  // How long a request or an answer is on its way; at once without.
  void delay_with(std::function<Millis()> delay) { delay_ = std::move(delay); }
  void send_bookmarks();  // to every watch that allows them, as the server does once a minute

  // What reached the server, in order, for tests of what is written.
  struct Sent {
    Request request;
    int status = 0;
  };
  const std::vector<Sent>& sent() const { return sent_; }
  void forget_sent() { sent_.clear(); }
  void keep_sent(bool on) { keeps_sent_ = on; }  // or not, in long runs
  size_t open_streams() const { return streams_.size(); }

 private:
  struct Parcel {
    Request request;
    Reply reply;
    std::optional<Result<Response>> answer;  // empty: on its way to the server
  };
  struct Stream {
    Request request;
    StreamSink sink;
    std::optional<WatchCursor> cursor;  // empty: on its way to the server
  };

  std::optional<Fault> fault_for(const Request& request);
  Millis delay() const { return delay_ ? delay_() : Millis{0}; }
  void arrive(Parcel parcel);
  bool step_stream(StreamId id, Stream& stream);
  void start(StreamId id, Stream& stream);
  bool deliver(StreamId id, const std::string& line);
  void end(StreamId id, const Status& status);

  FakeServer& server_;
  const Clock& clock_;
  std::vector<FaultRule> rules_;
  std::function<LineFate(const Request&, std::string_view)> fate_;
  std::function<std::optional<Response>(const Request&)> refusal_;
  std::function<Millis()> delay_;
  bool stalled_ = false;
  bool keeps_sent_ = true;
  std::vector<Sent> sent_;
  std::multimap<Monotonic, Parcel> parcels_;  // by arrival; in the order sent where equal
  std::map<StreamId, Stream> streams_;
  StreamId next_id_ = 1;
  StreamId turn_ = 0;  // the stream that was served last
};

}  // namespace berth::kube::fake
