#include "tests/simulation/simulation.h"

// How workers end before their time.
namespace berth::simulation {
namespace {

template <int kExitCode>
void ends_with(Simulation& s, const Act& act) {
  const auto pod = s.one_of(kube::kPods, act.draws[0]);
  if (pod) s.cluster.finish(*pod, kExitCode, R"({"step":1})");
}

// The message of a worker is whatever it wrote.
void babbles(Simulation& s, const Act& act) {
  const char* const messages[] = {"", "{", R"({"step":-1})", R"({"step":"many"})", "\xff\xfe"};
  const auto pod = s.one_of(kube::kPods, act.draws[0]);
  if (pod) s.cluster.finish(*pod, act.draws[1] % 2 == 0 ? 1 : 42, messages[act.draws[2] % 5]);
}

}  // namespace

std::vector<ActKind> worker_acts() {
  return {{"worker_done_early", true, 1, ends_with<0>},
          {"worker_fails", true, 2, ends_with<1>},
          {"worker_saves_and_ends", true, 1, ends_with<42>},
          {"worker_misconfigured", true, 1, ends_with<64>},
          {"worker_killed", true, 2, ends_with<137>},
          {"worker_babbles", true, 1, babbles}};
}

}  // namespace berth::simulation
