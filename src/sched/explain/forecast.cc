#include "sched/explain/forecast.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "sched/core/shrink.h"
#include "sched/time/profile.h"

namespace berth::sched {
namespace {

constexpr int kMostEnds = 128;

// Which of n equally likely values the run of that number has in a future. Neighbours are far apart
// (additive recurrence by the golden ratio), and n futures give each run each value once.
size_t value_of(uint64_t run, size_t future, size_t n) {
  const uint64_t offset = (run + 1) * 0x9E3779B97F4A7C15ULL >> 32;
  return (static_cast<size_t>(offset * n >> 32) + future) % n;
}

class Forecast {
 public:
  Forecast(const Scene& scene, size_t future)
      : scene_(scene), future_(future), world_(scene.settings) {
    fill(world_, scene);
    for (const Running& running : scene.running) {
      const uint64_t run = ++runs_;
      if (!running.holder.run) continue;
      const size_t n = running.ends.size();
      remember(running.holder.source,
               n == 0 ? running.holder.run->ends : running.ends[value_of(run, future_, n)]);
    }
    for (const Ask& ask : scene.waiting) waiting_.emplace(ask.id, ask);
  }

  Instant start_of(const WorkloadId& id) {
    Instant now = scene_.now;
    for (int ends = 0; ends < kMostEnds; ++ends) {
      std::vector<const Ask*> asks;
      for (const auto& [waits, ask] : waiting_) asks.push_back(&ask);
      for (const Decision& decision : run_pass(world_, asks, now)) apply(decision, now);
      if (!waiting_.contains(id)) return now;
      const auto next = ends_.upper_bound(now);
      if (next == ends_.end()) return Instant::max();
      now = next->first;
      for (const std::string& source : next->second) {
        world_.remove_holder(source);
        end_of_.erase(source);
      }
    }
    return Instant::max();
  }

 private:
  void remember(const std::string& source, Instant end) {
    if (end == Instant::max()) return;
    ends_[end].push_back(source);
    end_of_[source] = end;
  }

  void apply(const Decision& decision, Instant now) {
    if (const auto* admit = std::get_if<Admit>(&decision)) return start(*admit, now);
    const auto* preempt = std::get_if<Preempt>(&decision);
    if (preempt == nullptr) return;
    for (const Victim& victim : preempt->victims) {
      if (victim.keeps.empty()) {
        stop(victim.id, now);
      } else {
        shrink(victim, now);
      }
    }
    start(preempt->placement, now);
  }

  std::map<std::string, World::Held>::const_iterator find_run(const WorkloadId& id) const {
    return std::find_if(world_.holders().begin(), world_.holders().end(), [&](const auto& one) {
      return one.second.facts.run && one.second.facts.run->job.id == id;
    });
  }

  // It goes on from here, and for as much longer.
  void shrink(const Victim& victim, Instant now) {
    const auto held = find_run(victim.id);
    if (held == world_.holders().end()) return;
    Holder holder = held->second.facts;
    const size_t before = holder.charges.size();
    holder.charges.resize(victim.keeps.size(), holder.charges.front());
    holder.run->job.devices = 0;
    for (size_t worker = 0; worker < victim.keeps.size(); ++worker) {
      holder.charges[worker].node = victim.keeps[worker];
      holder.run->job.devices += holder.charges[worker].devices;
    }
    holder.run->ran_before += std::max(Millis{0}, now - holder.run->job.started);
    holder.run->job.started = now;
    const auto end = end_of_.find(holder.source);
    if (end != end_of_.end()) {
      const Millis left = std::max(Millis{1}, end->second - now);
      std::erase(ends_[end->second], holder.source);
      end_of_.erase(end);
      holder.run->ends = stretched(left, before, victim.keeps.size(), now);
      remember(holder.source, holder.run->ends);
    }
    world_.set_holder(std::move(holder));
  }

  // It waits again, for as long a run as it still had before it.
  void stop(const WorkloadId& id, Instant now) {
    const auto held = find_run(id);
    if (held == world_.holders().end()) return;
    const Holder holder = held->second.facts;
    world_.remove_holder(holder.source);
    const auto end = end_of_.find(holder.source);
    if (end == end_of_.end()) return;
    const Millis left = std::max(Millis{1}, end->second - now);
    std::erase(ends_[end->second], holder.source);
    end_of_.erase(end);
    Ask ask{.id = id, .name = id.uid, .priority = holder.run->priority, .tier = holder.run->tier};
    ask.created = holder.run->job.started;
    ask.expected = left;
    ask.ran = holder.run->ran_before + std::max(Millis{0}, now - holder.run->job.started);
    for (const Charge& charge : holder.charges) {
      if (charge.kind != ChargeKind::Admitted) continue;
      ask.quota = charge.quota;
      if (ask.alternatives.empty()) ask.alternatives = {{charge.device_class, {}}};
      ask.alternatives.front().counts.push_back(charge.devices);
      ask.rooms.push_back(charge.room);
    }
    ask.shape = shape_of(ask);
    left_[id] = left;
    waiting_.insert_or_assign(id, std::move(ask));
  }

  Instant end_of(const Ask& ask, Instant now) {
    const uint64_t run = ++runs_;
    const auto left = left_.find(ask.id);
    if (left != left_.end()) return later(now, left->second);
    const auto times = scene_.run_times.find(ask.id);
    Instant end = Instant::max();
    if (times != scene_.run_times.end() && !times->second.empty()) {
      end = later(now, times->second[value_of(run, future_, times->second.size())]);
    } else if (scene_.is_expected_learnt) {
      end = later(now, ask.expected);
    }
    if (ask.max_runtime) end = std::min(end, later(now, *ask.max_runtime - ask.ran));
    return end;
  }

  void start(const Admit& admit, Instant now) {
    const Ask ask = std::move(waiting_.at(admit.id));
    waiting_.erase(admit.id);
    Holder holder{.source = admit.id.uid, .charges = {}, .run = {}};
    int64_t devices = 0;
    for (size_t worker = 0; worker < admit.nodes.size(); ++worker) {
      devices += admit.counts[worker];
      holder.charges.push_back({.node = admit.nodes[worker],
                                .device_class = admit.device_class,
                                .devices = admit.counts[worker],
                                .room = ask.rooms[worker],
                                .kind = ChargeKind::Admitted,
                                .quota = admit.quota});
    }
    const Tier& tier = world_.tier(ask.tier);
    Run run{.job = {.id = ask.id,
                    .devices = devices,
                    .started = now,
                    .saves_on_notice = true,
                    .preemptible = ask.preemptible.value_or(tier.preemptible),
                    .min_runtime = tier.min_runtime},
            .tier = ask.tier,
            .preemptible = ask.preemptible,
            .priority = ask.priority,
            .ran_before = ask.ran};
    run.ends = end_of(ask, now);
    remember(admit.id.uid, run.ends);
    holder.run = std::move(run);
    world_.set_holder(std::move(holder));
  }

  const Scene& scene_;
  size_t future_;
  World world_;
  uint64_t runs_ = 0;
  std::map<WorkloadId, Ask> waiting_;
  std::map<WorkloadId, Millis> left_;  // of who had to give way
  std::map<Instant, std::vector<std::string>> ends_;
  std::map<std::string, Instant> end_of_;
};

}  // namespace

size_t futures_of(const Scene& scene) {
  size_t most = 1;
  for (const Running& running : scene.running) most = std::max(most, running.ends.size());
  for (const auto& [id, times] : scene.run_times) most = std::max(most, times.size());
  return most;
}

Instant forecast_start(const Scene& scene, const WorkloadId& id) {
  std::vector<Instant> starts(futures_of(scene));
  for (size_t future = 0; future < starts.size(); ++future) {
    starts[future] = Forecast(scene, future).start_of(id);
  }
  const auto median = starts.begin() + static_cast<std::ptrdiff_t>((starts.size() - 1) / 2);
  std::nth_element(starts.begin(), median, starts.end());
  return *median;
}

}  // namespace berth::sched
