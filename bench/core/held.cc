// A pass over 10,000 held workloads after one change, on 10,000 full nodes.
//
// It is what an operator of a large cluster does all day: the backlog is long, everything is taken,
// now and then a job ends or a new one comes, and each time everybody who waits has to be looked at
// again before the one who gets the devices is known. Timed is the change and the pass with it.
//
//   10,000 nodes of 8 devices in racks of 16; 40 tenants, 5 in each of 8 departments, each with 2 %
//   of the devices guaranteed and the rest to borrow; three tiers; workloads of 30 forms, 1 to 128
//   devices, some of them wanting or requiring one rack. With policies also ten PlacementPolicies,
//   of which every tenant meets two to four: labels that a half or a quarter of the racks have, a
//   preference, nearness, spread and one affinity. Before the first timed pass the core fills
//   the cluster and is asked again until it has nothing left to do.
#include <algorithm>
#include <utility>
#include <variant>

#include "bench/core/scene.h"

namespace berth::bench::core {
namespace {

constexpr int kTenants = 40;
constexpr int kTeamsOfADepartment = 5;
constexpr int kSettled = 3;        // passes in a row that decide nothing
constexpr int kMostToSettle = 60;  // passes

struct Form {
  int workers = 1;
  int64_t devices = 1;  // of each worker
  sched::Room room;
  std::optional<sched::Nearness> near;
};

std::vector<Form> forms() {
  std::vector<Form> all;
  const std::pair<int, int64_t> sizes[] = {{1, 1}, {1, 2}, {1, 4}, {1, 8}, {2, 4},
                                           {2, 8}, {4, 4}, {4, 8}, {8, 8}, {16, 8}};
  for (const auto& [workers, devices] : sizes) {
    for (const int64_t cores : {4, 8, 12}) {  // per device
      Form form{workers, devices, {devices * cores * 1'000, devices << 36}, {}};
      if (workers >= 4) form.near = {{kRack}, workers == 8};
      all.push_back(std::move(form));
    }
  }
  return all;
}

std::string tenant_name(int tenant) { return numbered("team-", tenant); }

std::vector<sched::Quota> quotas(int64_t devices) {
  std::vector<sched::Quota> all;
  for (int d = 0; d < kTenants / kTeamsOfADepartment; ++d) {
    all.push_back({{numbered("department-", d)}, {}, {{kClass, {.borrowing = devices}}}});
  }
  for (int t = 0; t < kTenants; ++t) {
    const sched::Limit limit{.guaranteed = devices / 50, .borrowing = devices};
    all.push_back({{tenant_name(t)},
                   sched::QuotaId{numbered("department-", t / kTeamsOfADepartment)},
                   {{kClass, limit}}});
  }
  return all;
}

sched::Term label(const std::string& key) {
  return sched::LabelTerm{key, sched::Comparison::In, {"yes"}};
}

std::vector<sched::PlacementPolicy> policies() {
  using sched::PlacementPolicy;
  std::vector<PlacementPolicy> all;
  const auto add = [&](std::string called) -> PlacementPolicy& {
    all.emplace_back().name = std::move(called);
    return all.back();
  };
  for (int t = 0; t < kTenants; ++t) {
    const std::string name = tenant_name(t);
    if (t % 8 == 0) {
      PlacementPolicy& half = add("half-" + name);
      half.match.namespaces = {name};
      half.require = {label("half")};
    }
  }
  PlacementPolicy& quarter = add("quarter");
  quarter.priority = 5;
  quarter.match.tiers = {"Premium"};
  quarter.require = {label("quarter")};
  add("fast").prefer = {{label("half"), 10}};
  PlacementPolicy& near = add("near");
  near.match.tiers = {"Standard"};
  near.match.min_devices = 64;
  near.prefer = {{sched::DomainTerm{kRack, false}, 1}};
  PlacementPolicy& spread = add("spread");
  spread.match.tiers = {"Spot"};
  spread.match.min_devices = 16;
  spread.require = {sched::DomainTerm{kRack, true}};
  PlacementPolicy& apart = add("apart");
  apart.match.labels = {{"app", "eval"}};
  apart.require = {sched::AffinityTerm{{{"app", "eval"}}, kRack, true}};
  return all;
}

// Every second and every fourth rack has a label.
void label_nodes(sched::World& world, int nodes) {
  for (int n = 0; n < nodes; ++n) {
    sched::Node node = world.nodes().at(node_id(n));
    const int rack = n / kNodesOfARack;
    if (rack % 2 == 0) node.labels["half"] = "yes";
    if (rack % 4 == 0) node.labels["quarter"] = "yes";
    world.set_node(node);
  }
}

class Backlog {
 public:
  Backlog(int nodes, int held, bool with_policies)
      : forms_(forms()), devices_(int64_t{nodes} * kDevices) {
    build_nodes(world_, nodes);
    if (with_policies) label_nodes(world_, nodes);
    if (with_policies) world_.set_policies(policies());
    world_.set_quotas(quotas(devices_));
    asks_.resize(static_cast<size_t>(held));
    for (sched::Ask& ask : asks_) ask = next_ask();
    for (const sched::Ask& ask : asks_) all_.push_back(&ask);
  }

  // Until everything is taken and the core leaves it so.
  Status settle() {
    int quiet = 0;
    for (int i = 0; i < kMostToSettle; ++i) {
      const int64_t decided = decide();
      quiet = decided == 0 ? quiet + 1 : 0;
      if (quiet == kSettled) return Done{};
      now_ += std::chrono::minutes{1};
    }
    return Error{Code::Internal, "the cluster does not come to rest"};
  }

  int64_t a_job_ends() {
    const size_t at = pick(jobs_.size());
    world_.remove_holder(jobs_[at]);
    jobs_.erase(jobs_.begin() + static_cast<std::ptrdiff_t>(at));
    return decide();
  }

  int64_t an_ask_arrives() {  // and another is withdrawn, so that the backlog stays as long
    asks_[pick(asks_.size())] = next_ask();
    return decide();
  }

  int64_t free_devices() { return world_.fleet().free_of(kClass) / 1'000; }
  int64_t held_of(const std::string& tier) const {
    return std::count_if(asks_.begin(), asks_.end(),
                         [&](const sched::Ask& ask) { return ask.tier == tier; });
  }
  int64_t running() const { return static_cast<int64_t>(jobs_.size()); }
  void tick() { now_ += std::chrono::seconds{1}; }

 private:
  size_t pick(size_t below) { return random_() % below; }

  sched::Ask next_ask() {
    // Of two draws the smaller one: small work is more frequent.
    const Form& form = forms_[std::min(pick(forms_.size()), pick(forms_.size()))];
    const size_t tier = pick(10);
    sched::Ask ask{.id = {numbered("job-", ++made_)}};
    ask.name = "team/" + ask.id.uid;
    ask.quota = sched::QuotaId{tenant_name(static_cast<int>(pick(kTenants)))};
    ask.name_space = ask.quota->name;
    if (made_ % 16 == 0) ask.labels = {{"app", "eval"}};
    ask.tier = tier < 1 ? "Premium" : tier < 5 ? "Standard" : "Spot";
    ask.created = now_ + Millis{made_ % 1'000};
    const auto workers = static_cast<size_t>(form.workers);
    ask.alternatives = {{kClass, std::vector<int64_t>(workers, form.devices)}};
    ask.rooms.assign(workers, form.room);
    ask.near = form.near;
    ask.expected = std::chrono::hours{4};
    ask.shape = sched::shape_of(ask);
    return ask;
  }

  // One pass, and what follows from it. How many decisions were not to hold.
  int64_t decide() {
    int64_t decided = 0;
    for (const sched::Decision& decision : sched::run_pass(world_, all_, now_)) {
      if (const auto* admit = std::get_if<sched::Admit>(&decision)) start(*admit);
      if (const auto* preempt = std::get_if<sched::Preempt>(&decision)) {
        for (const sched::Victim& victim : preempt->victims) stop(victim.id.uid);
        start(preempt->placement);
      }
      if (!std::holds_alternative<sched::Hold>(decision)) ++decided;
    }
    return decided;
  }

  void start(const sched::Admit& admit) {
    const auto at = std::find_if(asks_.begin(), asks_.end(),
                                 [&](const sched::Ask& ask) { return ask.id == admit.id; });
    const Job job{admit.id.uid, at->quota->name, at->tier, now_, at->expected};
    world_.set_traits(job.uid, sched::Traits{at->name_space, at->labels});
    world_.set_holder(core::running(world_, job, admit.nodes, admit.counts, at->rooms.front()));
    jobs_.insert(std::lower_bound(jobs_.begin(), jobs_.end(), job.uid), job.uid);
    *at = next_ask();
  }

  void stop(const std::string& uid) {
    world_.remove_holder(uid);
    world_.set_traits(uid, {});
    jobs_.erase(std::lower_bound(jobs_.begin(), jobs_.end(), uid));
  }

  std::vector<Form> forms_;
  int64_t devices_;
  sched::World world_;
  std::mt19937_64 random_{42};
  Instant now_ = start_of_time();
  int64_t made_ = 0;
  std::vector<sched::Ask> asks_;
  std::vector<const sched::Ask*> all_;
  std::vector<std::string> jobs_;  // that run, by uid
};

Result<Measured> measure(Size size, bool with_policies) {
  Backlog backlog(10'000 / size.divisor, 10'000 / size.divisor, with_policies);
  BERTH_TRY(backlog.settle());
  const int64_t free_before = backlog.free_devices();
  Stopwatch watch;
  int64_t decided = 0;
  for (int i = 0; i < size.rounds; ++i) {
    decided +=
        watch.time([&] { return i % 2 == 0 ? backlog.a_job_ends() : backlog.an_ask_arrives(); });
    backlog.tick();
  }
  Measured measured = watch.summary();
  measured.counts = {{"decisions", decided},
                     {"running", backlog.running()},
                     {"held_premium", backlog.held_of("Premium")},
                     {"held_standard", backlog.held_of("Standard")},
                     {"held_spot", backlog.held_of("Spot")},
                     {"free_devices_at_start", free_before}};
  return measured;
}

}  // namespace

Result<Measured> pass_over_held(Size size) { return measure(size, false); }
Result<Measured> pass_over_held_with_policies(Size size) { return measure(size, true); }

}  // namespace berth::bench::core
