#include "sched/core/pass.h"

#include <algorithm>
#include <map>
#include <utility>

#include "sched/core/attempts.h"
#include "sched/core/growth.h"
#include "sched/core/held_alike.h"
#include "sched/core/order.h"
#include "sched/core/why.h"
#include "sched/cpu_class.h"
#include "sched/quota/fair_order.h"

namespace berth::sched {
namespace {

class Pass {
 public:
  Pass(World& world, Instant now, PassNotes* notes)
      : world_(world),
        now_(now),
        tree_(world.tree()),
        attempts_(world, tree_, now, notes),
        held_(tree_.nodes()) {}

  std::vector<Decision> run(const std::vector<const Ask*>& asks) {
    std::map<int64_t, std::vector<Line>> tiers;  // of each, by leaf
    std::vector<const Ask*> homeless;
    for (const Ask* ask : asks) {
      const auto leaf = ask->quota ? tree_.find(*ask->quota) : std::nullopt;
      if (!leaf) {
        homeless.push_back(ask);
        continue;
      }
      if (ask->runs_with > 0) {
        // What it uses of a Reservation is all that it may have.
        if (!ask->reservation) growing_.push_back(ask);
        continue;
      }
      std::vector<Line>& lines = tiers[world_.tier(ask->tier).order];
      lines.resize(tree_.nodes());
      lines[*leaf].asks.push_back(ask);
    }
    decisions_.reserve(asks.size());
    attempts_.expect(asks);
    for (auto& [order, lines] : tiers) decide_tier(lines);
    for (const WorkerChange& change : growth(world_, growing_, attempts_.waited_for(), now_)) {
      const auto at = std::find_if(growing_.begin(), growing_.end(),
                                   [&](const Ask* ask) { return ask->id == change.id; });
      auto larger = attempts_.enlarge(**at, change);
      if (larger) decisions_.emplace_back(*std::move(larger));
    }
    std::sort(homeless.begin(), homeless.end(),
              [](const Ask* a, const Ask* b) { return a->id < b->id; });
    for (const Ask* ask : homeless) decisions_.emplace_back(no_quota(*ask, ask->quota.has_value()));
    return std::move(decisions_);
  }

 private:
  // Tenants by fair share as it would be after their next ask, each in its own order.
  void decide_tier(std::vector<Line>& lines) {
    FairOrder order(attempts_.fair());
    const auto offer = [&](QuotaTree::Node leaf) {
      const Line& line = lines[leaf];
      if (line.is_over()) return order.withdraw(leaf);
      const auto& alternatives = line.asks[line.next]->alternatives;
      FairShare::Want wants;
      if (!alternatives.empty() && !is_cpu(alternatives.front())) {
        wants = {class_of(alternatives.front().device_class), alternatives.front().total()};
      }
      order.offer(leaf, wants);
    };
    for (QuotaTree::Node leaf = 0; leaf < lines.size(); ++leaf) {
      if (lines[leaf].asks.empty()) continue;
      lines[leaf].sort(world_.settings(), tree_.ordering(leaf), now_);
      offer(leaf);
    }
    while (const auto leaf = order.next()) {
      Line& line = lines[*leaf];
      const Ask& ask = *line.asks[line.next++];
      decisions_.push_back(line.first_held != nullptr ? behind(ask, *line.first_held)
                                                      : decide(ask, *leaf));
      line.decided(decisions_.back());
      offer(*leaf);
      if (!std::holds_alternative<Preempt>(decisions_.back())) continue;
      for (const QuotaTree::Node victim : attempts_.victim_leaves()) order.used(victim);
    }
  }

  // Most asks want the class that the one before them wants.
  QuotaTree::Class class_of(const DeviceClass& device_class) {
    if (!last_class_ || tree_.name(*last_class_) != device_class) {
      last_class_ = tree_.class_of(device_class);
    }
    return *last_class_;
  }

  Decision decide(const Ask& ask, QuotaTree::Node leaf) {
    const uint64_t level = static_cast<uint64_t>(service_level(world_.settings(), ask));
    const uint64_t fares = attempts_.profile(ask) << 8 | level;
    if (auto hold = held_.find(leaf, ask, fares)) return *std::move(hold);
    Decision decision = attempts_.decide(ask);
    if (attempts_.matters_to_held()) held_.forget();
    const auto* hold = std::get_if<Hold>(&decision);
    if (hold != nullptr && !attempts_.is_head()) held_.add(leaf, ask, fares, *hold);
    return decision;
  }

  World& world_;
  Instant now_;
  QuotaTree tree_;  // as the pass goes on
  Attempts attempts_;
  std::vector<Decision> decisions_;
  HeldAlike held_;  // of the same level of service and policies
  std::optional<QuotaTree::Class> last_class_;
  std::vector<const Ask*> growing_;
};

}  // namespace

std::vector<Decision> run_pass(World& world, const std::vector<const Ask*>& asks, Instant now,
                               PassNotes* notes) {
  return Pass(world, now, notes).run(asks);
}

}  // namespace berth::sched
