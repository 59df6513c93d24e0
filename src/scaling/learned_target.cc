#include "scaling/learned_target.h"

#include <algorithm>
#include <vector>

#include "base/saturating.h"
#include "base/text.h"

namespace berth::scaling {
namespace {

constexpr int64_t kWhole = 10'000;
constexpr std::string_view kTargetVersion = "1";

// Per second and replica, in thousandths.
int64_t rate_of(int64_t answered, int64_t replica_ms) {
  constexpr int64_t kMillisAndThousandths = 1'000'000;
  const __int128 rate = static_cast<__int128>(answered) * kMillisAndThousandths;
  return static_cast<int64_t>(std::min<__int128>(rate / replica_ms, kUnlimited));
}

Error bad_target(const std::string& what) { return {Code::Invalid, "learned target: " + what}; }

std::string text_of(const LearnedTarget::Settings& settings) {
  return std::to_string(settings.start_milli) + "," + std::to_string(settings.most_milli) + "," +
         std::to_string(settings.late_basis_points);
}

}  // namespace

LearnedTarget::LearnedTarget(Settings settings) : settings_(settings) {
  settings_.start_milli = std::max<int64_t>(1, settings_.start_milli);
  // Steps of a few thousandths would not grow by an eighth.
  int64_t upper = std::max<int64_t>(8, settings_.start_milli / 4);
  for (int64_t& edge : upper_milli_) {
    edge = upper;
    upper = add_saturating(upper, upper / 8);
  }
}

size_t LearnedTarget::step_of(int64_t in_flight_milli) const {
  const auto at = std::lower_bound(upper_milli_.begin(), upper_milli_.end(), in_flight_milli);
  return std::min(static_cast<size_t>(at - upper_milli_.begin()), kSteps - 1);
}

void LearnedTarget::observe(const TargetSample& sample) {
  if (sample.replicas <= 0 || sample.answered <= 0 || sample.span <= Millis{0}) return;
  const int64_t replica_ms = multiply_saturating(sample.span.count(), sample.replicas);
  if (sample.is_starting) {
    const int64_t rate = rate_of(sample.answered, replica_ms);
    highest_rate_milli_ = std::max(highest_rate_milli_.value_or(0), rate);
    return;
  }
  Step& step = steps_[step_of(sample.in_flight_milli / sample.replicas)];
  step.answered = add_saturating(step.answered, sample.answered);
  step.late = add_saturating(step.late, std::clamp<int64_t>(sample.late, 0, sample.answered));
  step.replica_ms =
      add_saturating(step.replica_ms, multiply_saturating(sample.span.count(), sample.replicas));
  remembered_ = add_saturating(remembered_, sample.answered);
  while (remembered_ > kRemembered) halve();
}

void LearnedTarget::halve() {
  remembered_ = 0;
  for (Step& step : steps_) {
    step = {step.answered / 2, step.late / 2, step.replica_ms / 2};
    remembered_ += step.answered;
  }
}

LearnedTarget::Found LearnedTarget::find() const {
  const auto is_later = [](const Pool& a, const Pool& b) {
    return static_cast<__int128>(a.late) * b.answered > static_cast<__int128>(b.late) * a.answered;
  };
  std::vector<Pool> pools;
  for (size_t at = 0; at < kSteps; ++at) {
    if (steps_[at].answered < kEnough) continue;
    pools.push_back({at, at, steps_[at].answered, steps_[at].late});
    while (pools.size() > 1 && is_later(pools[pools.size() - 2], pools.back())) {
      const Pool above = pools.back();
      pools.pop_back();
      Pool& pool = pools.back();
      pool = {pool.first, above.last, pool.answered + above.answered, pool.late + above.late};
    }
  }
  Found found;
  for (const Pool& pool : pools) {
    const __int128 allowed = static_cast<__int128>(pool.answered) * settings_.late_basis_points;
    if (static_cast<__int128>(pool.late) * kWhole > allowed) {
      found.late = pool.first;
      break;
    }
    found.kept = pool.last;
  }
  return found;
}

bool LearnedTarget::is_learned() const {
  const Found found = find();
  return found.kept || found.late;
}

int64_t LearnedTarget::target_milli() const {
  return std::clamp<int64_t>(unbounded_milli(), 1, std::max<int64_t>(1, settings_.most_milli));
}

int64_t LearnedTarget::unbounded_milli() const {
  const auto [kept, late] = find();
  if (!kept) return late ? upper_milli_[*late == 0 ? 0 : *late - 1] : settings_.start_milli;
  if (late || *kept + 1 == kSteps) return upper_milli_[*kept];
  // A low load says nothing against the start.
  return std::max(upper_milli_[*kept + 1],
                  std::min(settings_.start_milli, upper_milli_[kSteps - 1]));
}

std::optional<int64_t> LearnedTarget::rate_milli() const {
  const auto kept = find().kept;
  if (!kept) return highest_rate_milli_;
  const Step& step = steps_[*kept];
  return step.replica_ms == 0 ? highest_rate_milli_ : rate_of(step.answered, step.replica_ms);
}

// "1;START,MOST,LATE;HIGHEST RATE or nothing" and for each step that holds requests
// ";STEP answered late replica-milliseconds".
std::string LearnedTarget::encode() const {
  std::string text = std::string(kTargetVersion) + ";" + text_of(settings_) + ";";
  if (highest_rate_milli_) text += std::to_string(*highest_rate_milli_);
  for (size_t at = 0; at < kSteps; ++at) {
    const Step& step = steps_[at];
    if (step.answered == 0) continue;
    text += ";" + std::to_string(at) + " " + std::to_string(step.answered) + " " +
            std::to_string(step.late) + " " + std::to_string(step.replica_ms);
  }
  return text;
}

Status LearnedTarget::decode_step(std::string_view text) {
  const auto at = parse_count(take_field(text, ' '));
  const auto answered = parse_count(take_field(text, ' '));
  const auto late = parse_count(take_field(text, ' '));
  const auto replica_ms = parse_count(text);
  const bool is_step = at && *at < static_cast<int64_t>(kSteps) && answered && late && replica_ms;
  if (!is_step || *answered > kRemembered || *late > *answered) return bad_target("not a step");
  steps_[static_cast<size_t>(*at)] = {*answered, *late, *replica_ms};
  remembered_ += *answered;
  return Done{};
}

Result<LearnedTarget> LearnedTarget::decode(std::string_view text, const Settings& settings) {
  LearnedTarget target(settings);
  if (take_field(text, ';') != kTargetVersion)
    return bad_target("not of version " + std::string(kTargetVersion));
  if (take_field(text, ';') != text_of(target.settings_)) return bad_target("of other settings");
  const std::string_view rate = take_field(text, ';');
  target.highest_rate_milli_ = parse_count(rate);
  if (!rate.empty() && !target.highest_rate_milli_) return bad_target("no rate");
  while (!text.empty()) BERTH_TRY(target.decode_step(take_field(text, ';')));
  while (target.remembered_ > kRemembered) target.halve();
  return target;
}

}  // namespace berth::scaling
