#include "sched/core/pass.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "sched/core/claims.h"
#include "sched/core/order.h"
#include "sched/core/preempt.h"
#include "sched/core/trial.h"
#include "sched/core/why.h"
#include "sched/time/profile.h"

namespace berth::sched {
namespace {

// What one look at one alternative found.
struct Look {
  std::optional<Admit> admit;
  Hold hold;                // else
  bool lacks_room = false;  // the quota allows it, but there is no place
};

class Pass {
 public:
  Pass(World& world, Instant now)
      : world_(world), now_(now), trial_(world), claims_(world, trial_, now) {}

  Decision decide(const Ask& ask) {
    const auto alike = ask.shape.empty() ? held_.end() : held_.find(ask.shape);
    if (alike != held_.end()) {
      return Hold{ask.id, alike->second.reason, alike->second.message, alike->second.starts};
    }
    Decision decision = look(ask);
    if (const auto* hold = std::get_if<Hold>(&decision); hold != nullptr && !ask.shape.empty()) {
      if (!is_head_) held_.emplace(ask.shape, *hold);
    }
    return decision;
  }

 private:
  Decision look(const Ask& ask) {
    is_head_ = false;
    if (!ask.quota) return no_quota(ask, false);
    if (!world_.tree().knows(*ask.quota)) return no_quota(ask, true);
    std::optional<Look> first;
    for (const Alternative& wants : ask.alternatives) {
      Look found = try_one(ask, wants);
      if (found.admit) return *std::move(found.admit);
      if (!first) first = std::move(found);
    }
    if (!first) {
      return Hold{ask.id, Reason::NoSuchDevice,
                  "asks for no device that its Quota has a limit for"};
    }
    for (const Alternative& wants : ask.alternatives) {
      if (auto preempt = try_preempt(ask, wants)) return *std::move(preempt);
    }
    if (first->lacks_room) plan_start(ask, first->hold);
    return std::move(first->hold);
  }

  Look try_one(const Ask& ask, const Alternative& wants) {
    const auto& limits = world_.tree().limits(*ask.quota);
    if (!limits.contains(wants.device_class)) return {{}, not_listed(ask, wants, limits)};
    const int64_t total = wants.total();
    if (const auto no = world_.tree().refuses(*ask.quota, wants.device_class, total)) {
      return {{}, over_quota(ask, wants, *no)};
    }
    const Stock stock = stock_of(world_, wants.device_class);
    if (stock.exist < total) return {{}, no_room(world_, ask, wants, stock)};
    const Gang gang = gang_of(ask, wants);
    std::optional<std::vector<Spot>> spots;
    if (stock.free >= total) spots = trial_.place(gang);
    const Instant ends = later(now_, ask.expected);
    if (!spots && !claims_.is_empty()) spots = claims_.place_meanwhile(gang, ends);
    if (spots) {
      claims_.started(*spots, ends);
      return {admitted(ask, wants, *spots), {}};
    }
    if (claims_.stand_in_the_way(gang)) return {{}, reserved(ask, wants, stock), true};
    return {{}, no_room(world_, ask, wants, stock), true};
  }

  Admit admitted(const Ask& ask, const Alternative& wants, const std::vector<Spot>& spots) {
    trial_.use(*ask.quota, wants.device_class, wants.total());
    Admit admit{ask.id, *ask.quota, wants.device_class, wants.counts, {}};
    for (const Spot& spot : spots) admit.nodes.push_back(world_.fleet().facts(spot.node).id);
    return admit;
  }

  Gang gang_of(const Ask& ask, const Alternative& wants) {
    Gang gang{.near = ask.near};
    for (size_t worker = 0; worker < wants.counts.size(); ++worker) {
      const bool is_alike = worker > 0 && wants.counts[worker] == wants.counts[worker - 1] &&
                            ask.rooms[worker] == ask.rooms[worker - 1];
      gang.workers.push_back(is_alike ? gang.workers.back()
                                      : worker_shape(world_.fleet(), ask, wants, worker));
    }
    if (ask.only || !ask.avoid.empty()) gang.allowed = allowed_for(ask);
    return gang;
  }

  std::span<const NodeIndex> allowed_for(const Ask& ask) {
    allowed_.clear();
    const auto add = [&](const NodeId& id) {
      if (world_.nodes().contains(id) && !ask.avoid.contains(id)) {
        allowed_.push_back(*world_.fleet().find(id));
      }
    };
    if (ask.only) {
      for (const NodeId& id : *ask.only) add(id);
    } else {
      for (const auto& [id, node] : world_.nodes()) add(id);
    }
    return allowed_;
  }

  // The first held workloads of a class keep what they are going to start on.
  void plan_start(const Ask& ask, Hold& hold) {
    const Alternative& wants = ask.alternatives.front();
    if (claims_.heads(wants.device_class) >= world_.settings().heads) return;
    hold.starts = claims_.plan(wants.device_class, gang_of(ask, wants), wants.total());
    if (hold.starts == Instant::max()) return;
    is_head_ = true;
    held_.clear();  // what is kept for it may be had meanwhile: those of its shape look for
                    // themselves
  }

  std::optional<Preempt> try_preempt(const Ask& ask, const Alternative& wants) {
    if (!world_.tree().limits(*ask.quota).contains(wants.device_class)) return std::nullopt;
    const std::vector<Candidate> candidates = candidates_for(ask, wants);
    if (candidates.empty()) return std::nullopt;
    const Trial::Mark mark = trial_.mark();
    const auto eviction = evict_for(world_, trial_, gang_of(ask, wants), candidates);
    if (!eviction || eviction->victims.empty()) {
      trial_.back_to(mark);
      return std::nullopt;
    }
    Preempt preempt{.id = ask.id};
    for (const Candidate* victim : eviction->victims) {
      give_up(*victim->held);
      preempt.victims.push_back(
          {victim->held->facts.run->job.id, victim->held->facts.run->job.devices, victim->cost});
    }
    if (world_.tree().refuses(*ask.quota, wants.device_class, wants.total())) {
      trial_.back_to(mark);
      return std::nullopt;
    }
    for (const Candidate* victim : eviction->victims) gone_.insert(victim->held);
    std::sort(preempt.victims.begin(), preempt.victims.end(),
              [](const Victim& a, const Victim& b) { return a.id < b.id; });
    preempt.placement = admitted(ask, wants, eviction->spots);
    return preempt;
  }

  void give_up(const World::Held& held) {
    for (const Charge& charge : held.facts.charges) {
      if (charge.kind == ChargeKind::Admitted && charge.devices > 0) {
        trial_.use(charge.quota, charge.device_class, -charge.devices);
      }
    }
  }

  // Lower tiers give way to higher ones; within a tenant, less urgent work to more urgent, and work
  // that has had much service to work that has had little.
  struct Runner {
    Candidate candidate;
    const DeviceClass* device_class = nullptr;
    const QuotaId* leaf = nullptr;
    int64_t devices = 0;
    int64_t tier = 0;
    int64_t priority = 0;
    int level = 0;
  };

  std::vector<Candidate> candidates_for(const Ask& ask, const Alternative& wants) {
    gather_runners();
    const int64_t tier = world_.tier(ask.tier).order;
    const int level = service_level(world_.settings(), ask);
    std::vector<Candidate> found;
    int64_t devices = world_.fleet().free_of(wants.device_class) / kWholeDevice;
    for (const Runner& runner : runners_) {
      if (runner.tier < tier || *runner.device_class != wants.device_class) continue;
      if (runner.tier == tier) {
        if (*runner.leaf != *ask.quota || runner.priority > ask.priority) continue;
        if (runner.priority == ask.priority && runner.level <= level) continue;
      }
      if (gone_.contains(runner.candidate.held)) continue;
      found.push_back(runner.candidate);
      devices += runner.devices;
    }
    if (devices < wants.total()) found.clear();
    return found;
  }

  void gather_runners() {
    if (std::exchange(has_runners_, true)) return;
    for (const auto& [source, held] : world_.holders()) {
      if (!held.facts.run || unpreemptible(held.facts.run->job, now_)) continue;
      const Run& run = *held.facts.run;
      const auto pays =
          std::find_if(held.facts.charges.begin(), held.facts.charges.end(),
                       [](const Charge& c) { return c.kind == ChargeKind::Admitted; });
      if (pays == held.facts.charges.end()) continue;
      runners_.push_back({{&held, price_of(run.job)},
                          &pays->device_class,
                          &pays->quota,
                          run.job.devices,
                          world_.tier(run.tier).order,
                          run.priority,
                          service_level(world_.settings(), run, now_)});
    }
  }

  int64_t price_of(const RunningJob& job) const {
    if (world_.settings().victims == VictimOrder::LeastLost) {
      return preemption_cost(job, now_).total();
    }
    return std::max<int64_t>(1, (now_ - job.started).count());
  }

  World& world_;
  Instant now_;
  Trial trial_;
  Claims claims_;
  std::map<std::string_view, Hold> held_;  // by shape; the views are into the asks
  std::set<const World::Held*> gone_;      // victims of this pass
  std::vector<NodeIndex> allowed_;
  bool has_runners_ = false;
  std::vector<Runner> runners_;  // that may be asked to give way
  bool is_head_ = false;         // the ask that was looked at last
};

// A node's taken room as the charge of nobody in particular.
Holder taken_of(const Node& node) {
  Charge charge{.node = node.id,
                .device_class = node.device_class,
                .devices = node.devices_taken,
                .room = node.room_taken};
  return {
      .source = node.id.cluster + "/" + node.id.name, .charges = {std::move(charge)}, .run = {}};
}

}  // namespace

std::string_view name_of(Reason reason) {
  switch (reason) {
    case Reason::NoQuota: return "NoQuota";
    case Reason::OverQuota: return "OverQuota";
    case Reason::LentOut: return "LentOut";
    case Reason::NoSuchDevice: return "NoSuchDevice";
    case Reason::TooLarge: return "TooLarge";
    case Reason::NoCapacity: return "NoCapacity";
    case Reason::Fragmented: return "Fragmented";
    case Reason::Reserved: return "Reserved";
  }
  __builtin_unreachable();
}

std::string shape_of(const Ask& ask) {
  if (!ask.quota || ask.only || !ask.avoid.empty()) return {};
  std::string shape = ask.quota->name + '|' + ask.tier + '|' + std::to_string(ask.priority) + '|' +
                      std::to_string(ask.expected.count());
  if (ask.near) {
    for (const std::string& level : ask.near->levels) shape += '|' + level;
    shape += ask.near->required ? "!" : "?";
  }
  for (const Alternative& wants : ask.alternatives) {
    shape += '|' + wants.device_class;
    for (const int64_t count : wants.counts) shape += ',' + std::to_string(count);
  }
  for (const Room& room : ask.rooms) {
    shape += '|' + std::to_string(room.cpu_milli) + ',' + std::to_string(room.memory_bytes);
  }
  return shape;
}

std::vector<Decision> run_pass(World& world, std::vector<const Ask*> asks, Instant now) {
  sort_asks(world, asks);
  Pass pass(world, now);
  std::vector<Decision> decisions;
  decisions.reserve(asks.size());
  for (const Ask* ask : asks) decisions.push_back(pass.decide(*ask));
  return decisions;
}

std::vector<Decision> run_pass(const Snapshot& snapshot, Instant now) {
  World world;
  world.set_quotas(snapshot.quotas);
  for (const auto& [id, node] : snapshot.nodes) {
    world.set_node(node);
    if (node.workers_taken == 0 && node.devices_taken == 0) continue;
    world.set_holder(taken_of(node));
  }
  for (const auto& [quota, sums] : snapshot.used) {
    for (const auto& [device_class, devices] : sums) {
      world.tree().use(quota, device_class, devices);
    }
  }
  return run_pass(world, snapshot.asks, now);
}

}  // namespace berth::sched
