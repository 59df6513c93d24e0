#include "tests/simulation/simulation.h"

// What goes wrong with the API server and its storage.
namespace berth::simulation {
namespace {

// History is compacted: whoever watches from before now has to list again.
void compacted(Simulation& s, const Act&) { s.cluster.server.compact(); }

// Etcd goes back to a backup of a second ago; the API server restarts with it.
void restored(Simulation& s, const Act&) {
  s.restore_backup();
  for (auto* process : s.cluster.operators()) {
    if (process->runs()) process->transport->cut_streams(Error{Code::Unavailable, "restarted"});
  }
  s.scheduler().line().cut_streams(Error{Code::Unavailable, "restarted"});
}

// Nobody reaches it for a while.
void down(Simulation& s, const Act& act) {
  const auto refuse = [](kube::fake::FakeTransport& line) {
    line.cut_streams(Error{Code::Unavailable, "connection refused"});
    line.inject({.matches = [](const auto&) { return true; },
                 .fault = kube::fake::Fault::refused(),
                 .times = 1'000'000});
  };
  std::vector<integration::Process*> all;
  for (auto* process : s.cluster.operators()) {
    if (process->runs()) all.push_back(process);
  }
  for (auto* process : all) refuse(*process->transport);
  refuse(s.scheduler().line());
  s.later(Millis{act.draws[0] % 40'000}, [&s, all] {
    for (auto* process : all) {
      if (process->runs()) process->transport->clear_faults();
    }
    s.scheduler().line().clear_faults();
  });
}

// The server's view of the Lease, by which it fences, is as old as that.
void fence_late(Simulation& s, const Act& act) {
  s.fence_is_late(Millis{act.draws[0] % 10'000});
  s.later(Millis{act.draws[1] % 30'000}, [&s] { s.fence_is_late(Millis{0}); });
}

// A server of before streaming lists.
void old_server(Simulation& s, const Act& act) {
  s.cluster.server.serve_streaming_lists(act.draws[0] % 2 == 0);
}

}  // namespace

std::vector<ActKind> server_acts() {
  return {{"compacted", true, 2, compacted},
          {"etcd_restored", true, 2, restored},
          {"server_down", true, 2, down},
          {"fence_late", true, 2, fence_late},
          {"old_server", true, 1, old_server}};
}

}  // namespace berth::simulation
