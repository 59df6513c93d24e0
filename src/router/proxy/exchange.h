#pragma once
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "router/proxy/call.h"
#include "router/proxy/loop.h"
#include "router/proxy/mirror.h"

namespace berth::router {

// One request from whole to answered: finds its endpoint, waits for a replica, sends it there, and
// again where that can do no harm, and passes the answer on as it comes.
//
//   start -> (held <-> sent) -> answering -> over
//
// A request that no replica has seen waits and is sent again for as long as it may. One that a
// replica may have seen is sent again only while nothing of an answer has come, at most kSendsMost
// times, and within the endpoint's retry budget. One loop thread.
class Exchange final : public AnswerSink, public std::enable_shared_from_this<Exchange> {
 public:
  Exchange(Loop& loop, Call call, Client& client);
  ~Exchange() override;

  void start();
  void resume();     // what was passed on has been written
  void abandon();    // the client has gone; it is not called any more
  void on_routes();  // while it is held: there may be a replica now

  void on_part(Part part) override;
  void on_broken(Broken how, std::string_view why) override;

 private:
  static constexpr int kSendsMost = 2;  // what ends whoever computes it ends two replicas at most
  struct Choice {
    std::optional<Replica> replica;
    bool is_known = true;  // the endpoint
  };

  void send();
  Choice choose(Moment now);
  void send_to(Replica replica, Moment now);
  void wait_for_replica(Moment now);
  void send_elsewhere(Moment now);
  bool may_retry(Moment now);
  void settle(Outcome outcome, Moment now);  // of the attempt under way
  void leave_line();
  void arm(Moment when);
  void on_timer();
  void refuse(Refusal why, std::string_view line);
  void finish(int code);

  Loop& loop_;
  Call call_;
  Client* client_;  // null once it is over
  std::string endpoint_;
  std::shared_ptr<EndpointState> state_;  // null before it is known, and once it is over
  std::shared_ptr<Attempt> attempt_;
  std::shared_ptr<Mirror> mirror_;  // null when the answer is not to be compared
  std::string replica_;             // of the attempt; empty when there is none
  std::vector<std::string> avoided_;
  Variant variant_ = Variant::Stable;
  boost::asio::steady_timer timer_;
  std::optional<Moment> deadline_;
  std::optional<Moment> held_until_;
  Moment again_at_ = Moment::max();  // while held: when to look for a replica unasked
  Micros pause_{10'000};
  int sends_ = 0;
  int code_ = 0;
  bool is_held_ = false;     // counted as such
  bool is_in_line_ = false;  // of the loop
  bool has_begun_ = false;   // the answer
};

}  // namespace berth::router
