// A whole guarantee comes back at once: 4,000 waiting jobs against 4,000 running ones.
//
// The scene with which Kueue's users met the cost of one preemption per cycle: a tenant has lent
// everything, another runs one-device jobs on all of it, and the owner returns with as many. One
// pass has to plan all of it: who goes for whom, where, and that nobody goes for nothing.
//
//   500 nodes of 8 devices; tenant A runs 4,000 jobs of one device, all borrowed; tenant B, to whom
//   they are guaranteed, asks for 4,000 of one device. Timed is the pass.
#include <set>
#include <variant>

#include "bench/core/scene.h"

namespace berth::bench::core {
namespace {

constexpr sched::Room kRoom{4'000, 1LL << 34};

void fill(sched::World& world, int nodes) {
  build_nodes(world, nodes);
  const int64_t devices = int64_t{nodes} * kDevices;
  world.set_quotas({{{"a"}, {}, {{kClass, {.borrowing = devices}}}},
                    {{"b"}, {}, {{kClass, {.guaranteed = devices}}}}});
  std::mt19937_64 random{42};
  for (int i = 0; i < devices; ++i) {
    const Millis ago = std::chrono::minutes{20 + random() % 3'000};
    const Job job{numbered("a-", i), "a", "Standard", start_of_time() - ago,
                  std::chrono::hours{200}};
    world.set_holder(running(world, job, {node_id(i / kDevices)}, {1}, kRoom));
  }
}

std::vector<sched::Ask> asks_of_owner(int64_t count) {
  std::vector<sched::Ask> asks;
  for (int64_t i = 0; i < count; ++i) {
    sched::Ask ask{.id = {numbered("b-", i)}, .quota = sched::QuotaId{"b"}};
    ask.name = "b/" + ask.id.uid;
    ask.tier = "Standard";
    ask.created = start_of_time() - std::chrono::minutes{5} + Millis{i};
    ask.alternatives = {{kClass, {1}}};
    ask.rooms = {kRoom};
    ask.shape = sched::shape_of(ask);
    asks.push_back(std::move(ask));
  }
  return asks;
}

}  // namespace

Result<Measured> reclaim_plan(Size size) {
  const int nodes = 500 / size.divisor;
  sched::World world;
  fill(world, nodes);
  const std::vector<sched::Ask> asks = asks_of_owner(int64_t{nodes} * kDevices);
  std::vector<const sched::Ask*> all;
  for (const sched::Ask& ask : asks) all.push_back(&ask);
  Stopwatch watch;
  for (int i = 0; i < size.rounds; ++i) {
    const auto made = watch.time([&] { return sched::run_pass(world, all, start_of_time()); });
    std::set<std::string> victims;
    for (const sched::Decision& decision : made) {
      const auto* preempt = std::get_if<sched::Preempt>(&decision);
      if (preempt == nullptr) continue;
      for (const sched::Victim& victim : preempt->victims) victims.insert(victim.id.uid);
    }
    if (victims.size() != asks.size()) {
      return Error{Code::Internal, "planned " + std::to_string(victims.size()) + " evictions of " +
                                       std::to_string(asks.size())};
    }
  }
  Measured measured = watch.summary();
  measured.counts = {{"planned", static_cast<int64_t>(asks.size())}};
  return measured;
}

}  // namespace berth::bench::core
