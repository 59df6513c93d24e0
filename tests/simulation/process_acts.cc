#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "json/time.h"
#include "tests/simulation/simulation.h"

// What becomes of operators and of the extender.
namespace berth::simulation {
namespace {

using integration::Process;
using kube::fake::Fault;

constexpr int kRenewalsTurnedAway = 5;  // one every two seconds
constexpr int kListsRefused = 8;        // with ever more time between them

Millis after_a_while(uint32_t draw) { return Millis{draw % 30'000}; }

void restart(Simulation& s, Process& process) {
  process.crash();
  s.start_operator();
}

void crash(Simulation& s, const Act& act) {
  if (Process* process = s.running(act.draws[0])) restart(s, *process);
}

// It dies at one of its next writes: the server never has it, or it never hears of it.
void crash_at_write(Simulation& s, const Act& act, const Fault& fault) {
  Process* process = s.running(act.draws[0]);
  if (process == nullptr) return;
  const auto is_due = std::make_shared<bool>(false);
  process->transport->inject({.matches =
                                  [is_due](const kube::Request& request) {
                                    if (request.method == kube::Method::Get) return false;
                                    return *is_due = true;
                                  },
                              .fault = fault,
                              .skip = static_cast<int>(act.draws[1] % 12)});
  s.crash_when(*process, is_due, static_cast<int>(act.draws[1] % 12));
}

void crash_before_write(Simulation& s, const Act& act) { crash_at_write(s, act, Fault::refused()); }
void crash_after_write(Simulation& s, const Act& act) {
  crash_at_write(s, act, Fault::lost_reply());
}

// SIGSTOP, and SIGCONT later: perhaps after somebody else has taken over.
void pause(Simulation& s, const Act& act) {
  Process* process = s.running(act.draws[0]);
  if (process == nullptr) return;
  process->paused = true;
  s.later(after_a_while(act.draws[1]), [process] { process->paused = false; });
}

// The requests that a paused leader had under way arrive, and nobody is there to hear.
void late_writes(Simulation& s, const Act& act) {
  Process* process = s.running(act.draws[0]);
  if (process == nullptr) return;
  process->paused = true;
  s.later(after_a_while(act.draws[1]), [process] {
    if (!process->runs()) return;
    process->transport->poll(32);
    process->paused = false;
  });
}

void start_another(Simulation& s, const Act&) { s.start_operator(); }

void stop(Simulation& s, const Act& act) {
  Process* process = s.running(act.draws[0]);
  if (process == nullptr) return;
  process->program->stop();
  s.later(Millis{200}, [&s, process] {
    if (!process->runs()) return;
    if (process->program->is_idle()) process->program->release();
    s.cluster.now();
    restart(s, *process);
  });
}

void lease_deleted(Simulation& s, const Act&) {
  s.cluster.server.handle(
      kube::remove(kube::kLeases, s.cluster.settings.name_space, s.cluster.settings.lease_name));
}

// Somebody hands the Lease to the other operator, and the holder's renewals are turned away: until
// its deadline both believe that they lead.
void two_lead(Simulation& s, const Act&) {
  const auto& settings = s.cluster.settings;
  const Json* stored =
      s.cluster.server.find(kube::kLeases, settings.name_space, settings.lease_name);
  if (stored == nullptr) return;
  Json lease = *stored;
  const std::string holder = lease["spec"].value("holderIdentity", "");
  lease["spec"]["renewTime"] = format_micro_time(s.cluster.clock.now());  // as who takes it does
  for (Process* process : s.cluster.operators()) {
    if (!process->runs()) continue;
    if (process->identity != holder) {
      lease["spec"]["holderIdentity"] = process->identity;
      continue;
    }
    process->transport->inject({.matches =
                                    [](const kube::Request& request) {
                                      return request.path.find("/leases/") != std::string::npos;
                                    },
                                .fault = Fault::status(503),
                                .times = kRenewalsTurnedAway});
  }
  s.change_lease(lease);
}

// All die, and a busy API server lists no pods to those who come after for longer than a Lease
// lasts.
void lists_refused(Simulation& s, const Act&) {
  std::vector<Process*> dying;
  for (Process* process : s.cluster.operators()) {
    if (process->runs()) dying.push_back(process);
  }
  for (Process* process : dying) {
    process->crash();
    s.start_operator().transport->inject({.matches =
                                              [](const kube::Request& request) {
                                                return request.method == kube::Method::Get &&
                                                       request.path.ends_with("/pods");
                                              },
                                          .fault = Fault::status(503),
                                          .times = kListsRefused});
  }
}

void clock_ahead(Simulation& s, const Act& act) {
  s.cluster.clock.step_wall(Millis{act.draws[0] % 60'000});
}
void clock_back(Simulation& s, const Act& act) {
  s.cluster.clock.step_wall(-Millis{act.draws[0] % 60'000});
}

void extender_restarts(Simulation& s, const Act&) { s.scheduler().restart_extender(); }

}  // namespace

std::vector<ActKind> process_acts() {
  return {{"operator_crashes", true, 2, crash},
          {"crash_before_write", true, 4, crash_before_write},
          {"crash_after_write", true, 4, crash_after_write},
          {"operator_paused", true, 3, pause},
          {"late_writes", true, 2, late_writes},
          {"another_operator", true, 1, start_another},
          {"operator_stopped", true, 2, stop},
          {"lease_deleted", true, 1, lease_deleted},
          {"two_lead", true, 2, two_lead},
          {"lists_refused", true, 1, lists_refused},
          {"clock_ahead", true, 1, clock_ahead},
          {"clock_back", true, 1, clock_back},
          {"extender_restarts", true, 3, extender_restarts}};
}

}  // namespace berth::simulation
