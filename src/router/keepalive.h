#pragma once
#include <limits>

#include "base/clock.h"
#include "router/moment.h"

namespace berth::router {

struct KeepaliveRules {
  Millis quiet_before_ping{15'000};
  Millis ping_timeout{10'000};
  // Pings whose answer is all that came. A gRPC server ends a connection after three of them
  // (too_many_pings), so gRPC's own clients send two.
  int pings_in_a_row_max = std::numeric_limits<int>::max();
};

// Whether the peer of a connection is still there: who has been quiet is asked by a ping, and who
// is quiet after one is gone, its host or the route to it, without the end of a connection that the
// kernel would tell. Pure: time is passed in.
class Keepalive {
 public:
  enum class Step { Wait, Ping, GiveUp };

  explicit Keepalive(KeepaliveRules rules) : rules_(rules) {}

  // Bytes came, whatever they say.
  void hear(Moment now) {
    quiet_since_ = now;
    gone_at_ = Moment::max();
  }
  // More than the answer to a ping came or is about to be asked for.
  void count_traffic() { pings_ = 0; }

  // What to do now, and with Wait until next(). Whether a ping is worth it is the caller's to say:
  // a connection without requests tells nobody anything.
  Step step(Moment now, bool is_in_use) {
    if (now >= gone_at_) return Step::GiveUp;
    if (gone_at_ != Moment::max()) return Step::Wait;
    if (!is_in_use || now - quiet_since_ < rules_.quiet_before_ping) return Step::Wait;
    if (pings_ >= rules_.pings_in_a_row_max) return Step::Wait;
    ++pings_;
    gone_at_ = now + rules_.ping_timeout;
    return Step::Ping;
  }
  // When step() is due again; always after `now`.
  Moment next(Moment now) const {
    if (gone_at_ != Moment::max()) return gone_at_;
    const Moment due = quiet_since_ + rules_.quiet_before_ping;
    return due > now ? due : now + rules_.quiet_before_ping;
  }

 private:
  KeepaliveRules rules_;
  Moment quiet_since_{};
  Moment gone_at_ = Moment::max();  // unless something comes; max(): nothing was asked
  int pings_ = 0;
};

}  // namespace berth::router
