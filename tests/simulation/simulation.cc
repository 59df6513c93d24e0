#include "tests/simulation/simulation.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "kube/request.h"
#include "tests/integration/invariants.h"
#include "tests/integration/rights.h"
#include "tests/simulation/schedule_text.h"
#include "translate/read_json.h"

namespace berth::integration {

// Millions of schedules find out what may happen, not who may do it.
void guard(kube::fake::FakeTransport&, const control::Settings&) {}

}  // namespace berth::integration

namespace berth::simulation {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using translate::object_at;
using translate::text_at;

constexpr const char* kLeases = "coordination.k8s.io/leases";
constexpr uint32_t kNodes = 8;
constexpr int kDevices = 4;
constexpr Millis kBackupAge = seconds(1);
constexpr Millis kForgiven = minutes(1);  // after a restore, by when all have listed anew

bool is_write(const kube::Request& request) { return request.method != kube::Method::Get; }

uint64_t mixed(uint64_t hash, std::string_view text) {  // FNV-1a
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
  return hash;
}

// What is written only now and then is written within a schedule.
control::Settings settings_of_a_minute() {
  control::Settings settings;
  settings.endpoint_refresh = seconds(10);
  settings.counts_refresh = seconds(20);
  return settings;
}

}  // namespace

Simulation::Simulation(Setting setting)
    : cluster([this](const std::string& trouble) { troubles_.push_back("model: " + trouble); },
              &routers, settings_of_a_minute()),
      setting_(setting),
      latency_(static_cast<uint32_t>(setting.seed)),
      checker_(cluster.server),
      promises_(cluster.clock,
                [this](const auto& name, const auto& what) { checker_.broke(name, what); }),
      served_(cluster.server, cluster.clock,
              [this](const auto& name, const auto& what) { checker_.broke(name, what); }) {
  checker_.on_broken = [this](const std::string& what) {
    if (tell) tell_of("!! " + what);
  };
  cluster.checks_every_step = false;
  cluster.replays_at_end = false;  // check_quiet() does, while its findings still count
  cluster.on_change = [this](const auto& collection, const auto& change) {
    changed(collection, change);
  };
  for (const Json* lease : cluster.server.list(kube::kLeases)) {
    holders_.push_back({cluster.clock.now(), text_at(object_at(*lease, "spec"), "holderIdentity")});
  }
  cluster.after_step = [this](integration::Process& process) {
    check_leads(process);
    const auto at = crashes_.find(&process);
    if (at == crashes_.end() || !*at->second.is_due) return;
    *at->second.is_due = false;
    if (at->second.writes-- > 0) return;
    crashes_.erase(at);
    process.crash();
    start_operator();
  };
  wire(cluster.first());
  start_operator();
  for (uint32_t i = 0; i < kNodes; ++i) add_node(node(i));
  cluster.quota("org", 0, [](auto& quota) { quota.spec.namespaces.clear(); });
  for (const char* name : kTeams) {
    cluster.quota(name, 8, [](auto& quota) {
      quota.spec.parent = "org";
      quota.spec.limits.front().borrowing_limit = 8;
    });
  }
  scheduler_.emplace(cluster);
  cluster.add_scheduler(*scheduler_);
  routers.attach(cluster);
  cluster.add(routers);
  cluster.settle();
}

// ---- wires ----

void Simulation::wire(integration::Process& process) {
  process.transport->keep_sent(false);
  process.transport->admit_with([this, identity = process.identity](const kube::Request& request) {
    auto refusal = fence(identity, request);
    if (!refusal) asked(request);
    return refusal;
  });
  if (setting_.latency == Millis{0}) return;
  process.transport->delay_with(
      [this] { return Millis{latency_() % static_cast<uint32_t>(setting_.latency.count())}; });
}

void Simulation::asked(const kube::Request& request) {
  checker_.asked(request);
  served_.asked(request);
}

// As the policy berth-fence: a write is accepted from the holder of the Lease, as this API server
// knows it.
std::optional<kube::Response> Simulation::fence(const std::string& identity,
                                                const kube::Request& request) {
  const bool is_exempt = request.path.find("/leases") != std::string::npos ||
                         request.path.find("/events") != std::string::npos;
  if (!setting_.is_fenced || is_exempt || !is_write(request)) return std::nullopt;
  const Instant known = cluster.clock.now() - setting_.fence_late;
  std::string holder;
  for (const Holder& one : holders_) {
    if (one.since <= known) holder = one.identity;
  }
  if (holder == identity) return std::nullopt;
  return kube::Response{
      403, std::nullopt,
      R"({"kind":"Status","reason":"Forbidden","message":"berth-fence: the Lease is held by )" +
          holder + R"(","code":403})"};
}

void Simulation::tell_of(const std::string& what) const {
  char when[32];
  const auto since = cluster.clock.monotonic() - started_;
  std::snprintf(when, sizeof when, "%9.3f s  ", std::chrono::duration<double>(since).count());
  tell(when + what);
}

void Simulation::changed(const std::string& collection, const kube::fake::Change& change) {
  ++changes_;
  trace_ = mixed(trace_, collection);
  trace_ = mixed(trace_, change.after->text());
  checker_.forgive(cluster.clock.monotonic() < forgiven_until_);
  const Json& meta = object_at(change.after->object(), "metadata");
  if (collection == kLeases && text_at(meta, "name") == cluster.settings.lease_name) {
    if (change.deleted) lessee_.clear();
    const Json& spec = object_at(change.after->object(), "spec");
    if (!change.deleted) lease_changed(text_at(spec, "holderIdentity"));
  }
  checker_.changed(collection, change);
  promises_.changed(collection, change);
  served_.changed(collection, change);
  if (tell) tell_of(text_of(collection, change));
  routers.changed(collection, change);
  if (collection == "/pods" && scheduler_) {
    scheduler_->pod_changed(change.after->object(), change.deleted);
  }
}

// A Lease without a holder is anybody's; else it has to run out before another takes it.
void Simulation::lease_changed(const std::string& holder) {
  const Monotonic now = cluster.clock.monotonic();
  if (!lessee_.empty() && !holder.empty() && holder != lessee_ &&
      now < leased_at_ + cluster.settings.lease) {
    checker_.broke("lease_respected", holder + " took the Lease while " + lessee_ + " had it");
  }
  lessee_ = holder;
  leased_at_ = now;
  renewed_[holder] = now;
  if (!holders_.empty() && holders_.back().identity == holder) return;
  holders_.push_back({cluster.clock.now(), holder});
  promises_.leader_changed();
}

// Who has just had its turn knows what time it is.
void Simulation::check_leads(const integration::Process& process) {
  if (!process.runs() || !process.program->is_leading()) return;
  const Monotonic ends = renewed_[process.identity] + cluster.settings.lease;
  if (cluster.clock.monotonic() < ends) return;
  checker_.broke("lease_respected", process.identity + " leads by a Lease that has run out");
}

// ---- for acts ----

std::vector<std::pair<std::string, std::string>> Simulation::named(
    const kube::Resource& resource) const {
  std::vector<std::pair<std::string, std::string>> names;
  for (const Json* object : cluster.server.list(resource)) {
    const Json& meta = object_at(*object, "metadata");
    const bool is_odd = text_at(meta, "name").starts_with("odd-");  // nothing can be read of it
    if (is_odd || meta.contains("deletionTimestamp")) continue;
    names.emplace_back(text_at(meta, "namespace"), text_at(meta, "name"));
  }
  return names;
}

std::optional<std::string> Simulation::one_of(const kube::Resource& resource, uint32_t draw) {
  const auto names = named(resource);
  if (names.empty()) return std::nullopt;
  const auto& [name_space, name] = names[draw % names.size()];
  cluster.in(name_space);
  return name;
}

std::string Simulation::node(uint32_t draw) const {
  return "node-" + std::to_string(draw % kNodes);
}

std::string Simulation::team(uint32_t draw) const { return kTeams[draw % kTeams.size()]; }

void Simulation::add_node(const std::string& name) {
  const uint32_t number = static_cast<uint32_t>(name.back() - '0');
  cluster.node(name, kDevices, "rack-" + std::to_string(number % kRacks));
}

// With a shorter least run time than the chart's, so that work gives way within a schedule.
void Simulation::install_tiers() {
  const auto is_missing = [&](const char* name) {
    return cluster.server.find(kube::kSlaTiers, "", name) == nullptr;
  };
  if (is_missing("premium")) {
    cluster.tier("premium", 0, [](auto& tier) {
      tier.spec.preemptible = false;
      tier.spec.device_time_percent = 95;
    });
  }
  if (is_missing("standard")) {
    cluster.tier("standard", 10, [](auto& tier) {
      tier.spec.device_time_percent = 70;
      tier.spec.min_runtime_seconds = 5;
    });
  }
  if (is_missing("spot")) cluster.tier("spot", 20);
}

integration::Process* Simulation::running(uint32_t draw) {
  std::vector<integration::Process*> all;
  for (integration::Process* process : cluster.operators()) {
    if (process->runs()) all.push_back(process);
  }
  return all.empty() ? nullptr : all[draw % all.size()];
}

integration::Process& Simulation::start_operator() {
  integration::Process& process =
      cluster.start_operator("operator-" + std::to_string(cluster.operators().size()));
  wire(process);
  return process;
}

void Simulation::later(Millis delay, std::function<void()> what) {
  timers_.emplace(cluster.clock.monotonic() + delay, std::move(what));
}

void Simulation::crash_when(integration::Process& process, std::shared_ptr<bool> is_due,
                            int writes) {
  crashes_[&process] = {std::move(is_due), writes};
}

void Simulation::change_lease(const Json& lease) {
  lessee_.clear();
  cluster.server.handle(kube::replace(kube::kLeases, lease));
}

void Simulation::restore_backup() {
  if (backups_.empty()) return;
  cluster.server.restore(backups_.front().second);
  cluster.server_was_restored();
  backups_.clear();
  checker_.start_over();
  promises_.start_over(cluster.server);
  served_.start_over();
  routers.start_over();
  forgiven_until_ = cluster.clock.monotonic() + kForgiven;
  checker_.forgive(true);
  holders_.clear();
  lessee_.clear();
  for (const Json* lease : cluster.server.list(kube::kLeases)) {
    holders_.push_back({Instant{}, text_at(object_at(*lease, "spec"), "holderIdentity")});
  }
}

void Simulation::arrive(const std::string& identity, const kube::Request& request) {
  if (fence(identity, request)) return;
  asked(request);
  cluster.server.handle(request);
}

void Simulation::arrive_late(const std::string& identity, const kube::Request& request) {
  if (fence(identity, request)) return;
  checker_.asked(request);
  served_.arrived_late(request);
  cluster.server.handle(request);
}

// ---- the run ----

void Simulation::pass_until(Monotonic end) {
  while (!timers_.empty() && timers_.begin()->first <= end) {
    auto timer = timers_.extract(timers_.begin());
    cluster.pass(std::max(Millis{0}, timer.key() - cluster.clock.monotonic()));
    timer.mapped()();
  }
  cluster.pass(std::max(Millis{0}, end - cluster.clock.monotonic()));
}

void Simulation::play(const std::vector<Act>& acts) {
  started_ = cluster.clock.monotonic();
  for (const Act& act : acts) {
    pass_until(started_ + act.at);
    backups_.emplace_back(cluster.clock.now(), cluster.server.backup());
    while (backups_.size() > 1 && backups_[1].first + kBackupAge <= cluster.clock.now()) {
      backups_.pop_front();
    }
    const size_t before = changes_;
    if (tell) tell_of(std::string("== ") + act_kinds()[act.kind].name);
    act_kinds()[act.kind].happen(*this, act);
    changes_of_users += changes_ - before;
  }
}

std::vector<std::string> Simulation::broken() const {
  std::vector<std::string> all = checker_.broken();
  all.insert(all.end(), troubles_.begin(), troubles_.end());
  return all;
}

}  // namespace berth::simulation
