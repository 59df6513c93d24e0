#include "sched/explain/forecast.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "sched/time/profile.h"

namespace berth::sched {
namespace {

constexpr int kMostEnds = 128;

class Forecast {
 public:
  explicit Forecast(const Scene& scene) : scene_(scene), world_(scene.settings) {
    fill(world_, scene);
    for (const Running& running : scene.running) {
      if (running.holder.run) remember(running.holder.source, running.holder.run->ends);
    }
    for (const Ask& ask : scene.waiting) waiting_.emplace(ask.id, &ask);
  }

  Instant start_of(const WorkloadId& id) {
    Instant now = scene_.now;
    for (int ends = 0; ends < kMostEnds; ++ends) {
      std::vector<const Ask*> asks;
      for (const auto& [waits, ask] : waiting_) asks.push_back(ask);
      for (const Decision& decision : run_pass(world_, asks, now)) apply(decision, now);
      if (!waiting_.contains(id)) return now;
      const auto next = ends_.upper_bound(now);
      if (next == ends_.end()) return Instant::max();
      now = next->first;
      for (const std::string& source : next->second) world_.remove_holder(source);
    }
    return Instant::max();
  }

 private:
  void remember(const std::string& source, Instant end) {
    if (end != Instant::max()) ends_[end].push_back(source);
  }

  void apply(const Decision& decision, Instant now) {
    if (const auto* admit = std::get_if<Admit>(&decision)) return start(*admit, now);
    const auto* preempt = std::get_if<Preempt>(&decision);
    if (preempt == nullptr) return;
    for (const Victim& victim : preempt->victims) {
      for (const auto& [source, held] : std::map(world_.holders())) {
        if (held.facts.run && held.facts.run->job.id == victim.id) world_.remove_holder(source);
      }
    }
    start(preempt->placement, now);
  }

  void start(const Admit& admit, Instant now) {
    const Ask& ask = *waiting_.at(admit.id);
    waiting_.erase(admit.id);
    Holder holder{.source = admit.id.uid, .charges = {}, .run = {}};
    for (size_t worker = 0; worker < admit.nodes.size(); ++worker) {
      holder.charges.push_back({.node = admit.nodes[worker],
                                .device_class = admit.device_class,
                                .devices = admit.counts[worker],
                                .room = ask.rooms[worker],
                                .kind = ChargeKind::Admitted,
                                .quota = admit.quota});
    }
    Instant end = Instant::max();
    if (scene_.is_expected_learnt) end = later(now, ask.expected);
    if (ask.max_runtime) end = std::min(end, later(now, *ask.max_runtime - ask.ran));
    Run run{.job = {.id = ask.id, .started = now}, .tier = ask.tier, .priority = ask.priority};
    run.ends = end;
    holder.run = std::move(run);
    world_.set_holder(std::move(holder));
    remember(admit.id.uid, end);
  }

  const Scene& scene_;
  World world_;
  std::map<WorkloadId, const Ask*> waiting_;
  std::map<Instant, std::vector<std::string>> ends_;
};

}  // namespace

Instant forecast_start(const Scene& scene, const WorkloadId& id) {
  return Forecast(scene).start_of(id);
}

}  // namespace berth::sched
