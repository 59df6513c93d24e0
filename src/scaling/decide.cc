#include "scaling/decide.h"

#include <algorithm>

#include "base/saturating.h"
#include "base/text.h"

namespace berth::scaling {
namespace {

constexpr int64_t kMilli = 1000;
constexpr int64_t kMillisPerSecond = 1000;

int64_t ceil_div(int64_t a, int64_t b) { return a / b + (a % b > 0 ? 1 : 0); }

// "12.5" of 12500 thousandths, to a tenth, rounded up.
std::string tenths(int64_t milli) {
  const int64_t tenth = ceil_div(milli, 100);
  const std::string whole = std::to_string(tenth / 10);
  return tenth % 10 == 0 ? whole : whole + "." + std::to_string(tenth % 10);
}

std::string seconds(Millis span) { return std::to_string(span.count() / 1000) + " s"; }

// What one decision is made of.
class Judgement {
 public:
  Judgement(const Rules& rules, const State& state, const Facts& facts, Monotonic now)
      : rules_(rules), load_(facts.load), facts_(facts), now_(now), next_(state) {}

  Decision take() {
    if (load_.known == Known::Nothing) return keep("nothing is known of the load");
    follow_burst();
    const int64_t wanted = want();
    if (wanted >= next_.desired) return rise(wanted);
    if (load_.known == Known::Part) return keep("a router has not answered, so nothing goes");
    if (next_.burst_at) return keep(panic_text());
    if (load_.covered < rules_.stable_window) {
      return keep("the load is known for " + seconds(load_.covered) + " of the last " +
                  seconds(rules_.stable_window) + ", so nothing goes");
    }
    return fall(wanted);
  }

 private:
  int64_t target() const { return std::max<int64_t>(1, rules_.target_milli); }
  int64_t there() const {
    return add_saturating(facts_.counts.ready, std::max<int64_t>(0, facts_.counts.starting));
  }
  int64_t carried_milli() const { return multiply_saturating(facts_.counts.ready, target()); }

  void follow_burst() {
    const int64_t need = ceil_div(load_.panic_milli, target());
    const int64_t threshold =
        multiply_saturating(std::max<int64_t>(1, there()), rules_.panic_percent);
    if (multiply_saturating(need, 100) >= threshold) {
      next_.burst_at = now_;
    } else if (next_.burst_at && now_ - *next_.burst_at > rules_.stable_window) {
      next_.burst_at.reset();
    }
  }

  // What waits for replicas that start is in the load and grows as long as they take. So an
  // overload asks for what comes and for working off what waits, not for what has piled up.
  int64_t need_of(int64_t load_milli, int64_t arriving_milli) const {
    const int64_t by_load = ceil_div(load_milli, target());
    if (load_milli <= carried_milli()) return by_load;
    return std::min(by_load, std::max({int64_t{1}, there(), need_in_overload(arriving_milli)}));
  }

  int64_t need_in_overload(int64_t arriving_milli) const {
    const int64_t rate = rules_.rate_milli.value_or(0);
    if (rate <= 0) return multiply_saturating(facts_.counts.ready, 2);
    const int64_t waiting_milli =
        std::max<int64_t>(0, multiply_saturating(load_.in_flight, kMilli) - carried_milli());
    const Millis stays = std::max(rules_.scale_down_delay, rules_.stable_window);
    const int64_t stays_seconds = std::max<int64_t>(1, stays.count() / kMillisPerSecond);
    const int64_t to_answer =
        add_saturating(arriving_milli, ceil_div(waiting_milli, stays_seconds));
    return ceil_div(to_answer, rate);
  }

  int64_t need() const {
    const int64_t steady = need_of(load_.stable_milli, load_.stable_arriving_milli);
    // Nobody serves yet, or a burst: the short window sees it first.
    const bool looks_close = next_.burst_at || next_.desired == 0;
    if (!looks_close) return steady;
    return std::max(steady, need_of(load_.panic_milli, load_.panic_arriving_milli));
  }

  int64_t want() {
    need_ = need();
    ahead_ = ceil_div(std::max<int64_t>(0, facts_.ahead_milli), target());
    int64_t wanted = std::max(need_, ahead_);
    const Millis silence = std::max(rules_.stable_window, rules_.scale_down_delay);
    // The last one stays for a while, whatever the average over the window says.
    if (next_.desired > 0 && load_.silent_for < silence) wanted = std::max<int64_t>(1, wanted);
    if (load_.in_flight > 0) wanted = std::max<int64_t>(1, wanted);
    return std::clamp(wanted, rules_.min_replicas, most());
  }
  int64_t most() const { return std::max({int64_t{1}, rules_.min_replicas, rules_.max_replicas}); }

  Decision rise(int64_t wanted) {
    next_.low_since.reset();
    return settle(wanted, load_text());
  }

  Decision fall(int64_t wanted) {
    // Above what is allowed it goes at once: that was asked for.
    if (next_.desired > most()) return settle(most(), "no more than maxReplicas");
    if (wanted == 0 && next_.desired == 1) {
      next_.low_since.reset();
      return settle(0, "nothing was asked for " + seconds(load_.silent_for));
    }
    if (!next_.low_since) next_.low_since = now_;
    const Millis low_for = now_ - *next_.low_since;
    const std::string enough = load_text() + ", enough for " + seconds(low_for);
    if (low_for < rules_.scale_down_delay) {
      return settle(next_.desired,
                    enough + " of the " + seconds(rules_.scale_down_delay) + " before one goes");
    }
    next_.low_since = now_;
    return settle(next_.desired - 1, enough + ": one goes");
  }

  Decision keep(const std::string& why) {
    next_.low_since.reset();
    const int64_t least = std::max<int64_t>(rules_.min_replicas, load_.in_flight > 0 ? 1 : 0);
    return settle(std::clamp(next_.desired, least, most()), why);
  }

  Decision settle(int64_t desired, const std::string& why) {
    next_.desired = desired;
    return {.desired = desired, .why = count_text(desired, "replica") + ": " + why, .next = next_};
  }

  std::string panic_text() const {
    return "a burst was " + seconds(now_ - *next_.burst_at) + " ago, so nothing goes before " +
           seconds(rules_.stable_window);
  }
  std::string load_text() const {
    std::string text = tenths(load_.stable_milli) + " in flight over " +
                       seconds(rules_.stable_window) + ", " + tenths(load_.panic_milli) + " over " +
                       seconds(rules_.panic_window) + ", at " + tenths(target()) +
                       " a replica need " + std::to_string(need_);
    if (ahead_ > need_) text += ", the time of day " + std::to_string(ahead_);
    return text;
  }

  const Rules& rules_;
  const Load& load_;
  const Facts& facts_;
  const Monotonic now_;
  State next_;
  int64_t need_ = 0;
  int64_t ahead_ = 0;
};

}  // namespace

State resumed(int64_t desired) { return {.desired = std::max<int64_t>(0, desired)}; }

Decision decide(const Rules& rules, const State& state, const Facts& facts, Monotonic now) {
  return Judgement(rules, state, facts, now).take();
}

}  // namespace berth::scaling
