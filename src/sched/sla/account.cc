#include "sched/sla/account.h"

#include <algorithm>
#include <tuple>

#include "base/saturating.h"

namespace berth::sched {
namespace {

constexpr int64_t kWhole = 10'000;
constexpr int64_t kBucketCount = static_cast<int64_t>(SlaAccount::kBuckets);

int64_t ms(Instant at) { return at.time_since_epoch().count(); }

int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

void add(DeviceTime& to, const DeviceTime& more) {
  to.asked = add_saturating(to.asked, more.asked);
  to.held = add_saturating(to.held, more.held);
  to.eligible = add_saturating(to.eligible, more.eligible);
}

void take(DeviceTime& from, const DeviceTime& less) {
  from.asked -= less.asked;
  from.held -= less.held;
  from.eligible -= less.eligible;
}

int64_t share(int64_t part, int64_t of) {
  return of == 0 ? kWhole : multiply_saturating(part, kWhole) / of;
}

}  // namespace

SlaAccount::SlaAccount(TierPromise promise)
    : promise_(promise), width_ms_(std::max<int64_t>(1, promise.window.count() / kBucketCount)) {}

DeviceTime& SlaAccount::bucket(int64_t index) {
  return buckets_[static_cast<size_t>(((index % kBucketCount) + kBucketCount) % kBucketCount)];
}
const DeviceTime& SlaAccount::bucket(int64_t index) const {
  return buckets_[static_cast<size_t>(((index % kBucketCount) + kBucketCount) % kBucketCount)];
}

void SlaAccount::turn_to(int64_t index) {
  if (index - latest_bucket_ >= kBucketCount) {
    buckets_.fill({});
    window_sum_ = {};
    latest_bucket_ = index;
  }
  while (latest_bucket_ < index) {
    DeviceTime& oldest = bucket(++latest_bucket_);
    take(window_sum_, oldest);
    oldest = {};
  }
}

void SlaAccount::advance(Instant from, Instant until, int64_t held, int64_t asked, bool eligible) {
  from = std::max(from, told_);
  if (from >= until) return;
  if (told_ == Instant::min()) latest_bucket_ = floor_div(ms(from), width_ms_);
  told_ = until;
  held = std::clamp<int64_t>(held, 0, std::max<int64_t>(0, asked));
  while (eligible && asked > 0 && from < until) {
    open_job_window(from);
    const Instant part = std::min(until, judged_until_);
    const int64_t lasted = (part - from).count();
    add(judged_, {multiply_saturating(asked, lasted), multiply_saturating(held, lasted), lasted});
    count(from, part, held, asked);
    from = part;
  }
  turn_to(floor_div(ms(until), width_ms_));
}

void SlaAccount::count(Instant from, Instant until, int64_t held, int64_t asked) {
  const int64_t first = floor_div(ms(until) - 1, width_ms_) - kBucketCount + 1;
  int64_t at = std::max(ms(from), first * width_ms_);  // older than the window
  while (at < ms(until)) {
    const int64_t index = floor_div(at, width_ms_);
    turn_to(index);
    const int64_t end = std::min(ms(until), (index + 1) * width_ms_);
    const DeviceTime part{.asked = multiply_saturating(asked, end - at),
                          .held = multiply_saturating(held, end - at),
                          .eligible = end - at};
    add(bucket(index), part);
    add(window_sum_, part);
    at = end;
  }
}

// Makes sure that `at` lies in the open job-window. Windows without an ask are not job-windows.
void SlaAccount::open_job_window(Instant at) {
  const Millis window = std::max(promise_.window, Millis{1});
  if (judged_until_ == Instant::min()) judged_until_ = at + window;
  if (at < judged_until_) return;
  close();
  judged_until_ += window * ((at - judged_until_) / window + 1);
}

void SlaAccount::close() {
  if (judged_.asked == 0) return;
  ++windows_;
  windows_met_ += share(judged_.held, judged_.asked) >= promise_.percent * 100 ? 1 : 0;
  judged_ = {};
}

int64_t SlaAccount::attained_basis_points() const {
  return share(window_sum_.held, window_sum_.asked);
}

// The window when a part of the future has passed, in which nothing was held.
struct SlaAccount::Ahead {
  DeviceTime past;  // what is still in the window of what was told
  int64_t asked = 0;
  int64_t still_wanted_ms = 0;
};

bool SlaAccount::breaks(const Ahead& ahead, int64_t waited_ms) const {
  const int64_t waited = multiply_saturating(ahead.asked, waited_ms);
  const int64_t rest = std::clamp<int64_t>(
      width_ms_ * kBucketCount - ahead.past.eligible - waited_ms, 0, ahead.still_wanted_ms);
  const int64_t lost = add_saturating(ahead.past.lost(), waited);
  const int64_t potential = add_saturating(add_saturating(ahead.past.asked, waited),
                                           multiply_saturating(ahead.asked, rest));
  return multiply_saturating(lost, 100) > multiply_saturating(potential, 100 - promise_.percent);
}

bool SlaAccount::kept(int64_t asked, Millis still_wanted) const {
  if (promise_.percent <= 0) return true;
  return !breaks({window_sum_, asked, std::max<int64_t>(0, still_wanted.count())}, 0);
}

Millis SlaAccount::slack(int64_t asked, Millis still_wanted) const {
  if (promise_.percent <= 0 || asked <= 0) return Millis::max();
  Ahead ahead{window_sum_, asked, std::max<int64_t>(0, still_wanted.count())};
  if (breaks(ahead, 0)) return Millis{0};
  int64_t waited = 0;
  int64_t step = width_ms_;  // to the end of the open bucket
  if (told_ != Instant::min()) step = (latest_bucket_ + 1) * width_ms_ - ms(told_);
  // The end of each bucket drops the oldest one. After a window without devices all is broken.
  for (int64_t turned = 1; turned <= kBucketCount + 1; ++turned) {
    if (breaks(ahead, waited + step - 1)) return last_kept(ahead, waited, waited + step - 1);
    waited += step;
    step = width_ms_;
    if (turned <= kBucketCount) take(ahead.past, bucket(latest_bucket_ + turned));
    if (breaks(ahead, waited)) return Millis{waited - 1};
  }
  return Millis{waited};
}

// Between two ends of buckets more waiting only makes it worse: bisect.
Millis SlaAccount::last_kept(const Ahead& ahead, int64_t kept_ms, int64_t broken_ms) const {
  while (broken_ms - kept_ms > 1) {
    const int64_t middle = kept_ms + (broken_ms - kept_ms) / 2;
    (breaks(ahead, middle) ? broken_ms : kept_ms) = middle;
  }
  return Millis{kept_ms};
}

int64_t SlaAccount::budget_left_basis_points(int64_t asked) const {
  if (promise_.percent <= 0) return kWhole;
  const int64_t rest = std::max<int64_t>(0, width_ms_ * kBucketCount - window_sum_.eligible);
  const int64_t potential =
      add_saturating(window_sum_.asked, multiply_saturating(std::max<int64_t>(0, asked), rest));
  const int64_t budget = multiply_saturating(potential, 100 - promise_.percent) / 100;
  if (budget == 0) return window_sum_.lost() == 0 ? kWhole : 0;
  return kWhole - share(window_sum_.lost(), budget);
}

int64_t SlaAccount::burn_percent(Millis span) const {
  if (promise_.percent <= 0) return 0;
  DeviceTime recent;
  const int64_t buckets = std::clamp<int64_t>(span.count() / width_ms_, 1, kBucketCount);
  for (int64_t back = 0; back < buckets; ++back) add(recent, bucket(latest_bucket_ - back));
  if (recent.asked == 0) return 0;
  const int64_t allowed_basis_points = std::max<int64_t>(1, (100 - promise_.percent) * 100);
  return share(recent.lost(), recent.asked) * 100 / allowed_basis_points;
}

TierReport report(const std::vector<TierMember>& tier, Millis bound) {
  TierReport made;
  for (const TierMember& one : tier) {
    ++made.workloads;
    made.kept += one.account->kept(one.asked, one.still_wanted) ? 1 : 0;
    made.windows += one.account->windows();
    made.windows_met += one.account->windows_met();
    const Millis slack = one.account->slack(one.asked, one.still_wanted);
    if (slack < bound) made.at_risk.push_back({one.id, slack});
  }
  std::sort(made.at_risk.begin(), made.at_risk.end(), [](const AtRisk& a, const AtRisk& b) {
    return std::tie(a.slack, a.id) < std::tie(b.slack, b.id);
  });
  return made;
}

}  // namespace berth::sched
