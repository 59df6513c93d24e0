#include "sched/core/pass.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <string_view>
#include <utility>

#include "sched/core/claims.h"
#include "sched/core/order.h"
#include "sched/core/preemption.h"
#include "sched/core/trial.h"
#include "sched/core/why.h"
#include "sched/cpu_class.h"
#include "sched/quota/fair_order.h"
#include "sched/time/profile.h"

namespace berth::sched {
namespace {

uint64_t hash_of(std::string_view text) {
  uint64_t hash = text.size();
  for (; text.size() >= sizeof(uint64_t); text.remove_prefix(sizeof(uint64_t))) {
    uint64_t word = 0;
    std::memcpy(&word, text.data(), sizeof word);
    hash = (hash ^ word) * 0x9E3779B97F4A7C15ULL;
    hash ^= hash >> 29;
  }
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
  return hash;
}

// What one look at one alternative found.
struct Look {
  std::optional<Admit> admit;
  Hold hold;                // else
  bool lacks_room = false;  // the quota allows it, but there is no place
};

class Pass {
 public:
  Pass(World& world, Instant now)
      : world_(world),
        now_(now),
        tree_(world.tree()),
        trial_(world),
        claims_(world, trial_, now),
        preemption_(world, trial_, tree_, world.fairness(), now) {}

  std::vector<Decision> run(const std::vector<const Ask*>& asks) {
    std::map<int64_t, std::map<QuotaTree::Node, std::vector<const Ask*>>> tiers;
    std::vector<const Ask*> homeless;
    for (const Ask* ask : asks) {
      const auto leaf = ask->quota ? tree_.find(*ask->quota) : std::nullopt;
      if (leaf) {
        tiers[world_.tier(ask->tier).order][*leaf].push_back(ask);
      } else {
        homeless.push_back(ask);
      }
    }
    decisions_.reserve(asks.size());
    for (auto& [order, leaves] : tiers) decide_tier(leaves);
    std::sort(homeless.begin(), homeless.end(),
              [](const Ask* a, const Ask* b) { return a->id < b->id; });
    for (const Ask* ask : homeless) decisions_.emplace_back(no_quota(*ask, ask->quota.has_value()));
    return std::move(decisions_);
  }

 private:
  // Tenants by fair share as it would be after their next ask, each in its own order.
  void decide_tier(std::map<QuotaTree::Node, std::vector<const Ask*>>& leaves) {
    FairOrder order(preemption_.fair());
    std::map<QuotaTree::Node, size_t> next;
    const auto offer = [&](QuotaTree::Node leaf) {
      const std::vector<const Ask*>& asks = leaves.at(leaf);
      if (next[leaf] == asks.size()) return order.withdraw(leaf);
      const auto& alternatives = asks[next[leaf]]->alternatives;
      FairShare::Want wants;
      if (!alternatives.empty() && !is_cpu(alternatives.front())) {
        wants = {tree_.class_of(alternatives.front().device_class), alternatives.front().total()};
      }
      order.offer(leaf, wants);
    };
    for (auto& [leaf, asks] : leaves) {
      sort_asks(world_.settings(), asks);
      offer(leaf);
    }
    while (const auto leaf = order.next()) {
      const Ask& ask = *leaves.at(*leaf)[next[*leaf]++];
      decisions_.push_back(decide(ask));
      offer(*leaf);
      if (!std::holds_alternative<Preempt>(decisions_.back())) continue;
      for (const QuotaTree::Node victim : preemption_.victim_leaves()) order.used(victim);
    }
  }

  Decision decide(const Ask& ask) {
    const uint64_t level = static_cast<uint64_t>(service_level(world_.settings(), ask));
    const std::pair key(hash_of(ask.shape) ^ level, std::string_view(ask.shape));
    const auto alike = ask.shape.empty() ? held_.end() : held_.find(key);
    if (alike != held_.end()) {
      return Hold{ask.id, alike->second.reason, alike->second.message, alike->second.starts};
    }
    Decision decision = look(ask);
    if (const auto* hold = std::get_if<Hold>(&decision); hold != nullptr && !ask.shape.empty()) {
      if (!is_head_) held_.emplace(key, *hold);
    }
    return decision;
  }

  Decision look(const Ask& ask) {
    is_head_ = false;
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
    if (is_cpu(wants)) return try_cpu(ask, wants);
    const auto& limits = tree_.limits(*ask.quota);
    if (!limits.contains(wants.device_class)) return {{}, not_listed(ask, wants, limits)};
    const int64_t total = wants.total();
    if (const auto no = tree_.refuses(*ask.quota, wants.device_class, total)) {
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
    if (auto never = no_domain(world_, ask, wants)) return {{}, *std::move(never)};
    if (claims_.stand_in_the_way(wants.device_class, gang, total))
      return {{}, reserved(ask, wants, stock), true};
    return {{}, no_room(world_, ask, wants, stock), true};
  }

  // No limit is about CPU, so no quota refuses it and none is charged.
  Look try_cpu(const Ask& ask, const Alternative& wants) {
    const Gang gang = gang_of(ask, wants);
    auto spots = trial_.place(gang);
    const Instant ends = later(now_, ask.expected);
    if (!spots && !claims_.is_empty()) spots = claims_.place_meanwhile(gang, ends);
    if (!spots) return {{}, no_cpu(world_, ask, wants)};
    claims_.started(*spots, ends);
    return {placed(ask, wants, *spots), {}};
  }

  Admit admitted(const Ask& ask, const Alternative& wants, const std::vector<Spot>& spots) {
    preemption_.admitted(ask, wants);
    return placed(ask, wants, spots);
  }

  Admit placed(const Ask& ask, const Alternative& wants, const std::vector<Spot>& spots) {
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
    if (!tree_.limits(*ask.quota).contains(wants.device_class)) return std::nullopt;
    auto preempt = preemption_.place(ask, wants, gang_of(ask, wants));
    if (!preempt) return preempt;
    for (const World::Held* victim : preemption_.victims()) claims_.gone(victim);
    claims_.started(preemption_.spots(), later(now_, ask.expected));
    held_.clear();  // victims may have left more room than it took
    return preempt;
  }

  World& world_;
  Instant now_;
  QuotaTree tree_;  // as the pass goes on
  Trial trial_;
  Claims claims_;
  Preemption preemption_;
  std::vector<Decision> decisions_;
  // By shape and before it a hash of it, for speed, and of the level of service. The views are into
  // the asks.
  std::map<std::pair<uint64_t, std::string_view>, Hold> held_;
  std::vector<NodeIndex> allowed_;
  bool is_head_ = false;  // the ask that was looked at last
};

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

std::vector<Decision> run_pass(World& world, const std::vector<const Ask*>& asks, Instant now) {
  return Pass(world, now).run(asks);
}

}  // namespace berth::sched
