#include "sched/explain/fixes.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "sched/core/why.h"
#include "sched/share_class.h"

namespace berth::sched {
namespace {

constexpr size_t kMostEndings = 64;

// One world, in which changes are made and taken back.
class Search {
 public:
  Search(const Scene& scene, const Ask& ask) : scene_(scene), ask_(ask), world_(scene.settings) {
    fill(world_, scene);
  }

  std::vector<Fix> run() {
    const bool is_bound = ask_.only || !ask_.avoid.empty() || !ask_.locations.empty();
    if (is_bound) consider({.kind = ChangeKind::DropSelector});
    if (ask_.near) consider({.kind = ChangeKind::DropNearness});
    other_classes();
    limits(ChangeKind::Borrow);
    limits(ChangeKind::Guarantee);
    fewer_workers();
    fewer_devices();
    without_a_job();
    std::stable_sort(fixes_.begin(), fixes_.end(), [](const Fix& a, const Fix& b) {
      return std::tie(a.change.devices, a.change.kind) < std::tie(b.change.devices, b.change.kind);
    });
    return std::move(fixes_);
  }

 private:
  // Where it runs if that is changed.
  std::optional<Admit> try_out(const Change& change) {
    const Ask asks = changed(ask_, change);
    std::optional<Admit> start;
    if (change.kind == ChangeKind::Borrow || change.kind == ChangeKind::Guarantee) {
      std::vector<Quota> quotas = scene_.quotas;
      change_quotas(quotas, change);
      world_.set_quotas(std::move(quotas));
      start = admitted(asks);
      world_.set_quotas(scene_.quotas);
    } else if (change.kind == ChangeKind::WithoutJob) {
      const Holder ends = world_.holders().at(change.source).facts;
      world_.remove_holder(change.source);
      start = admitted(asks);
      world_.set_holder(ends);
    } else {
      start = admitted(asks);
    }
    return start;
  }

  std::optional<Admit> admitted(const Ask& instead) {
    std::vector<const Ask*> asks;
    for (const Ask& ask : scene_.waiting) asks.push_back(ask.id == ask_.id ? &instead : &ask);
    for (Decision& decision : run_pass(world_, asks, scene_.now)) {
      auto* admit = std::get_if<Admit>(&decision);
      if (admit != nullptr && admit->id == ask_.id) return std::move(*admit);
    }
    return std::nullopt;
  }

  bool consider(const Change& change) {
    auto start = try_out(change);
    if (!start) return false;
    fixes_.push_back({change, *std::move(start)});
    return true;
  }

  // The smallest step of 1..most that starts it is kept.
  template <class ChangeOf>
  bool least(int64_t most, const ChangeOf& change_of) {
    if (most < 1) return false;
    auto best = try_out(change_of(most));
    if (!best) return false;
    int64_t helps = most;
    for (int64_t fails = 0; helps - fails > 1;) {
      const int64_t middle = fails + (helps - fails) / 2;
      if (auto start = try_out(change_of(middle))) {
        helps = middle;
        best = std::move(start);
      } else {
        fails = middle;
      }
    }
    fixes_.push_back({change_of(helps), *std::move(best)});
    return true;
  }

  int64_t total() const {
    return ask_.alternatives.empty() ? 0 : ask_.alternatives.front().total();
  }

  void other_classes() {
    if (!ask_.quota || !world_.tree().knows(*ask_.quota) || total() == 0) return;
    std::set<DeviceClass> asked;
    for (const Alternative& wants : ask_.alternatives) asked.insert(wants.device_class);
    const auto listed = world_.tree().limits(*ask_.quota);
    for (const auto& [column, limit] : listed) {
      const DeviceClass device_class = class_in(column);
      if (is_share_class(device_class) || !asked.insert(device_class).second) continue;
      consider({.kind = ChangeKind::OtherClass, .device_class = device_class});
    }
  }

  void limits(ChangeKind kind) {
    if (!ask_.quota || !world_.tree().knows(*ask_.quota) || ask_.alternatives.empty()) return;
    const DeviceClass& device_class = ask_.alternatives.front().device_class;
    for (const QuotaId& quota : world_.tree().path(*ask_.quota)) {
      for (const auto& entry : entries(quota, device_class)) {
        const Limit& limit = entry.second;
        const int64_t from = kind == ChangeKind::Borrow ? limit.borrowing : limit.guaranteed;
        const bool helps = least(total(), [&](int64_t step) {
          return Change{.kind = kind,
                        .quota = quota,
                        .device_class = entry.first,
                        .from = from,
                        .to = add_saturating(from, step),
                        .devices = step};
        });
        if (helps) return;
      }
    }
  }

  // What a quota lists of the class, else the entry that it could list.
  std::map<Column, Limit> entries(const QuotaId& quota, const DeviceClass& device_class) {
    std::map<Column, Limit> found;
    for (const auto& [column, limit] : world_.tree().limits(quota)) {
      if (class_in(column) == device_class) found.emplace(column, limit);
    }
    if (found.empty()) found.emplace(device_class, Limit{});
    return found;
  }

  void fewer_workers() {
    if (ask_.alternatives.empty()) return;
    const std::vector<int64_t>& counts = ask_.alternatives.front().counts;
    const auto workers = static_cast<int64_t>(counts.size());
    least(workers - 1, [&](int64_t step) {
      int64_t given_up = 0;
      for (int64_t worker = workers - step; worker < workers; ++worker) {
        given_up = add_saturating(given_up, counts[static_cast<size_t>(worker)]);
      }
      return Change{.kind = ChangeKind::FewerWorkers,
                    .from = workers,
                    .to = workers - step,
                    .devices = given_up};
    });
  }

  void fewer_devices() {
    if (ask_.alternatives.empty() || ask_.alternatives.front().counts.empty()) return;
    const std::vector<int64_t>& counts = ask_.alternatives.front().counts;
    const int64_t largest = *std::max_element(counts.begin(), counts.end());
    least(largest - 1, [&](int64_t step) {
      int64_t given_up = 0;
      for (const int64_t count : counts)
        given_up += std::min(step, std::max<int64_t>(0, count - 1));
      return Change{.kind = ChangeKind::FewerDevices,
                    .from = largest,
                    .to = largest - step,
                    .devices = given_up};
    });
  }

  // Fewer devices than these, freed by one job, cannot be enough.
  int64_t lacks() {
    int64_t least = kUnlimited;
    for (const Alternative& wants : ask_.alternatives) {
      int64_t there = stock_of(world_, wants).free;
      if (ask_.quota) {
        const auto no = world_.tree().refuses(*ask_.quota, wants.device_class, wants.total());
        if (no) there = std::min(there, no->leaves);
      }
      least = std::min(least, std::max<int64_t>(0, wants.total() - there));
    }
    return least;
  }

  void without_a_job() {
    if (!ask_.quota || !world_.tree().knows(*ask_.quota)) return;
    struct Candidate {
      int64_t devices;
      const Running* running;
    };
    std::vector<Candidate> candidates;
    const int64_t lacking = lacks();
    for (const Running& running : scene_.running) {
      if (!running.may_be_suggested || !world_.holders().contains(running.holder.source)) continue;
      int64_t devices = 0;
      for (const Charge& charge : running.holder.charges) devices += charge.devices;
      if (devices > 0 && devices >= lacking) candidates.push_back({devices, &running});
    }
    // The newest of those that hold as much has least to lose.
    std::sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) {
      return std::tie(a.devices, b.running->since, a.running->holder.source) <
             std::tie(b.devices, a.running->since, b.running->holder.source);
    });
    if (candidates.size() > kMostEndings) candidates.resize(kMostEndings);
    for (const auto& [devices, running] : candidates) {
      const bool helps = consider({.kind = ChangeKind::WithoutJob,
                                   .source = running->holder.source,
                                   .name = running->name,
                                   .devices = devices});
      if (helps) return;
    }
  }

  const Scene& scene_;
  const Ask& ask_;
  World world_;
  std::vector<Fix> fixes_;
};

}  // namespace

std::vector<Fix> fixes_for(const Scene& scene, const WorkloadId& id) {
  const auto ask = std::find_if(scene.waiting.begin(), scene.waiting.end(),
                                [&](const Ask& one) { return one.id == id; });
  if (ask == scene.waiting.end()) return {};
  return Search(scene, *ask).run();
}

}  // namespace berth::sched
