#include "sched/core/steering.h"

#include <algorithm>
#include <set>

#include "base/text.h"
#include "sched/policy/terms.h"

namespace berth::sched {
namespace {

constexpr size_t kMostNames = 3;  // of policies in a message

// "wants 8 nvidia-h200, "
std::string wants_text(const Alternative& wants) {
  return "wants " + std::to_string(wants.total()) + " " + wants.device_class + ", ";
}

std::vector<SpreadLimit> limits_of(const std::vector<SpreadRule>& rules, size_t workers) {
  std::vector<SpreadLimit> limits;
  for (const SpreadRule& rule : rules) {
    const int64_t domains = std::max<int64_t>(1, rule.domains);
    limits.push_back({rule.level, (static_cast<int64_t>(workers) + domains - 1) / domains});
  }
  return limits;
}

// The nearness that the work asks for itself stays; what policies add comes beside it.
void bring_near(const Rules& rules, Gang& gang) {
  std::vector<std::string> same = rules.same;
  if (gang.near && gang.near->required) std::erase(same, gang.near->levels.front());
  if (!gang.near && !same.empty()) {
    gang.near = Nearness{{same.front()}, true};
    same.erase(same.begin());
  }
  if (!gang.near && !rules.prefer_same.empty()) gang.near = Nearness{rules.prefer_same, false};
  gang.within = std::move(same);
}

// Bounds the gang by those nodes, ranked so; `kept` and `kept_ranks` is where what is left of them
// is kept if it is bounded already.
void bound(const std::vector<NodeIndex>& allowed, const std::vector<std::vector<NodeIndex>>& ranks,
           Gang& gang, std::vector<NodeIndex>& kept,
           std::vector<std::vector<NodeIndex>>& kept_ranks) {
  if (!gang.allowed) {
    gang.allowed = allowed;
    gang.ranks = ranks;
    return;
  }
  const std::set<NodeIndex> in(gang.allowed->begin(), gang.allowed->end());
  const auto some_of = [&](const std::vector<NodeIndex>& nodes) {
    std::vector<NodeIndex> some;
    for (const NodeIndex node : nodes) {
      if (in.contains(node)) some.push_back(node);
    }
    return some;
  };
  kept = some_of(allowed);
  kept_ranks.clear();
  for (const std::vector<NodeIndex>& rank : ranks) kept_ranks.push_back(some_of(rank));
  gang.allowed = kept;
  gang.ranks = kept_ranks;
}

// What labels other work has to have to count for the term, where `own` are those of the work that
// is asked about; nothing where nobody is like it.
std::optional<Labels> kind_of(const AffinityTerm& term, const Labels& own) {
  if (term.match_label_keys.empty()) return term.labels;
  Labels::Map labels = term.labels;
  for (const std::string& key : term.match_label_keys) {
    const auto found = own.find(key);
    if (found == own.end()) return std::nullopt;
    labels.insert_or_assign(key, found->second);
  }
  return Labels(std::move(labels));
}

}  // namespace

WorkView view_of(const Ask& ask, const Alternative& wants) {
  return {ask.name_space, ask.tier, ask.labels, wants.device_class, wants.total()};
}

Steering::Steering(World& world) : world_(world), book_(world.policies()) { book_.trim(); }

const Rules* Steering::rules(const Ask& ask, const Alternative& wants) {
  if (is_idle()) return nullptr;
  const Rules& rules = book_.rules_for(view_of(ask, wants));
  return rules.is_silent() ? nullptr : &rules;
}

uint64_t Steering::profile(const Ask& ask) {
  if (is_idle()) return 0;
  if (last_ != nullptr && last_->shape == ask.shape && last_->name_space == ask.name_space &&
      last_->tier == ask.tier && last_->labels == ask.labels) {
    return last_profile_;
  }
  std::pair<std::vector<const Rules*>, Labels> key;
  for (const Alternative& wants : ask.alternatives) {
    key.first.push_back(rules(ask, wants));
    // The first of some work that wants to be near its like may be anywhere.
    const Rules* found = key.first.back();
    if (found != nullptr && !found->affinities.empty()) key.second = ask.labels;
  }
  last_ = &ask;
  last_profile_ = profiles_.emplace(std::move(key), profiles_.size()).first->second;
  return last_profile_;
}

void Steering::steer(const Ask& ask, const Alternative& wants, Gang& gang) {
  if (const Rules* found = rules(ask, wants)) apply(*found, ask.labels, gang, for_ask_);
}

void Steering::steer(const World::Held& held, Gang& gang) {
  if (is_idle() || held.facts.charges.empty()) return;
  const Traits& traits = world_.traits(held.facts.source);
  WorkView view{traits.name_space, {}, traits.labels, held.facts.charges.front().device_class, 0};
  if (held.facts.run) view.tier = held.facts.run->tier;
  for (const Charge& charge : held.facts.charges) view.devices += charge.devices;
  const Rules& found = book_.rules_for(view);
  if (!found.is_silent()) apply(found, traits.labels, gang, for_held_);
}

void Steering::apply(const Rules& rules, const Labels& own, Gang& gang, Lists& lists) {
  if (gang.workers.size() > 1) {
    bring_near(rules, gang);
    gang.spread = limits_of(rules.spread, gang.workers.size());
    gang.prefer_spread = limits_of(rules.prefer_spread, gang.workers.size());
  }
  const bool is_bounded = rules.is_restricted() || !rules.ranks.empty() || !gang.within.empty() ||
                          !gang.spread.empty() || !gang.prefer_spread.empty();
  if (rules.depends_on_others()) {
    const Lists& found = live(rules, own);
    return bound(found.allowed, found.ranks, gang, lists.allowed, lists.ranks);
  }
  if (is_bounded || gang.allowed) {
    bound(rules.allowed, rules.ranks, gang, lists.allowed, lists.ranks);
  }
}

const Steering::Lists& Steering::live(const Rules& rules, const Labels& own) {
  Live key{&rules, {}};
  std::vector<Met> required;
  for (const AffinityRule& rule : rules.affinities) {
    required.push_back(met(*rule.term, own));
    if (Occupied* others = required.back().others) others->is_required = true;
  }
  std::map<const Term*, Met> wished;
  for (const Met& one : required) key.second.emplace_back(one.others, one.is_first);
  for (const Wish& wish : rules.wishes) {
    const Term& term = wish.preference->term;
    const auto* affinity = std::get_if<AffinityTerm>(&term);
    if (affinity == nullptr) continue;
    const Met& one = wished.emplace(&term, met(*affinity, own)).first->second;
    key.second.emplace_back(one.others, one.is_first);
  }
  const auto [at, is_new] = live_.try_emplace(std::move(key));
  Lists& lists = at->second;
  if (!is_new) return lists;
  for (const NodeIndex node : rules.allowed) {
    const bool is_met =
        std::all_of(required.begin(), required.end(), [&](const Met& one) { return one.at(node); });
    if (is_met) lists.allowed.push_back(node);
  }
  lists.ranks = rank(lists.allowed, rules.wishes, [&](const Term& term, NodeIndex node) {
    const auto affinity = wished.find(&term);
    return affinity != wished.end() ? affinity->second.at(node)
                                    : can_meet(term, *world_.node(node));
  });
  return lists;
}

// As in Kubernetes (inter-pod affinity): the first of a kind need not wait for itself.
Steering::Met Steering::met(const AffinityTerm& term, const Labels& own) {
  const DomainNumbers& numbers = world_.topology().numbers(term.level);
  const std::optional<Labels> kind = kind_of(term, own);
  if (!kind) return {&numbers, nullptr, term.is_away, true};
  Occupied& others = occupied(term, *kind);
  return {&numbers, &others, term.is_away, others.count == 0 && carries(own, *kind)};
}

bool Steering::Met::at(NodeIndex node) const {
  const uint32_t domain = numbers->at(node);
  if (domain == 0) return false;
  const bool is_there = others != nullptr && others->has[domain] != 0;
  return is_away ? !is_there : is_there || is_first;
}

Steering::Occupied& Steering::occupied(const AffinityTerm& term, const Labels& kind) {
  if (counted_.emplace(Place{term.labels, term.level}, term.match_label_keys).second) {
    count_holders(term);
  }
  return occupied_at({kind, term.level});
}

// All of them at once, each under what those like it have in common: there may be as many kinds as
// there is work.
void Steering::count_holders(const AffinityTerm& term) {
  for (const auto& [source, held] : world_.holders()) {
    const Labels& labels = world_.traits(source).labels;
    if (!carries(labels, term.labels)) continue;
    const std::optional<Labels> kind = kind_of(term, labels);
    if (!kind) continue;
    const Place place{*kind, term.level};
    occupy(place, labels, held.spots, occupied_at(place));
  }
}

Steering::Occupied& Steering::occupied_at(Place place) {
  const auto [at, is_new] = occupied_.try_emplace(std::move(place));
  Occupied& made = at->second;
  if (!is_new) return made;
  made.numbers = &world_.topology().numbers(at->first.second);
  made.has.resize(made.numbers->count + size_t{1});
  for (const Started& work : started_) occupy(at->first, work.labels, work.spots, made);
  return made;
}

void Steering::occupy(const Place& place, const Labels& labels, const std::vector<Spot>& spots,
                      Occupied& occupied) {
  if (!carries(labels, place.first)) return;
  for (const Spot& spot : spots) {
    const uint32_t domain = occupied.numbers->at(spot.node);
    if (domain == 0 || occupied.has[domain] != 0) continue;
    occupied.has[domain] = 1;
    ++occupied.count;
  }
}

bool Steering::admitted(const Ask& ask, const std::vector<Spot>& spots) {
  if (book_.policies().empty()) return false;
  if (!ask.labels.empty()) started_.push_back({ask.labels, spots});
  std::set<const Occupied*> grown;
  bool matters = false;
  for (auto& [place, occupied] : occupied_) {
    const size_t before = occupied.count;
    occupy(place, ask.labels, spots, occupied);
    if (occupied.count == before) continue;
    grown.insert(&occupied);
    matters = matters || occupied.is_required;  // a preference holds nobody
  }
  if (grown.empty()) return false;
  std::erase_if(live_, [&](const auto& made) {
    const auto& counts = made.first.second;
    return std::any_of(counts.begin(), counts.end(),
                       [&](const auto& one) { return grown.contains(one.first); });
  });
  return matters;
}

std::optional<Hold> Steering::unmet(const Ask& ask, const Alternative& wants) {
  const Rules* found = rules(ask, wants);
  if (found == nullptr || !found->unmet) return std::nullopt;
  const PlacementPolicy& policy = book_.policies()[*found->unmet];
  return Hold{ask.id, Reason::Policy,
              wants_text(wants) + "none of " + count_text(found->exist, "node") +
                  " of that class meets PlacementPolicy " + policy.name + ": " +
                  text_of(policy.require)};
}

std::optional<Hold> Steering::blamed(Trial& trial, const Ask& ask, const Alternative& wants,
                                     const Stock& stock, const Gang& bare) {
  const Rules* found = rules(ask, wants);
  if (found == nullptr || stock.free < wants.total()) return std::nullopt;
  const Trial::Mark mark = trial.mark();
  const bool fits = trial.place(bare).has_value();
  trial.back_to(mark);
  if (!fits) return std::nullopt;
  Gang gang = bare;
  apply(*found, ask.labels, gang, for_ask_);
  int64_t free = 0;
  for (const NodeIndex node : gang.allowed.value_or(found->allowed)) {
    free += world_.fleet().whole_free(node);
  }
  const size_t nodes = gang.allowed.value_or(found->allowed).size();
  return Hold{ask.id, Reason::Policy,
              wants_text(wants) + names_of(*found) + " it " + std::to_string(nodes) + " of " +
                  count_text(found->exist, "node") + " of that class, where " +
                  std::to_string(free) + " of " + std::to_string(stock.free) +
                  " free devices are; without that it would start"};
}

// "PlacementPolicy eu (berth.dev/region in eu) leaves"
std::string Steering::names_of(const Rules& rules) const {
  std::vector<size_t> binding;
  for (const size_t policy : rules.applied) {
    if (!book_.policies()[policy].require.empty()) binding.push_back(policy);
  }
  if (binding.size() == 1) {
    const PlacementPolicy& policy = book_.policies()[binding.front()];
    return "PlacementPolicy " + policy.name + " (" + text_of(policy.require) + ") leaves";
  }
  std::string text = "PlacementPolicies ";
  for (size_t i = 0; i < std::min(binding.size(), kMostNames); ++i) {
    text += (i == 0 ? "" : ", ") + book_.policies()[binding[i]].name;
  }
  if (binding.size() > kMostNames) text += ", …";
  return text + " leave";
}

}  // namespace berth::sched
