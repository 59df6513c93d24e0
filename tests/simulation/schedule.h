#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "tests/simulation/simulation.h"

namespace berth::simulation {

// A run before it is run.
struct Schedule {
  Setting setting;
  std::vector<Act> acts;  // by time
};

// How much is drawn.
struct Measure {
  int jobs = 20;                            // at least
  Millis within = std::chrono::minutes(1);  // in which everything happens
  std::string also;                         // a kind that is mixed in; empty: none
};

// Jobs, and five to twenty other things; in every third schedule some InferenceEndpoints with
// changes and faults of theirs. All drawn from the seed.
Schedule draw_schedule(uint64_t seed, const Measure& measure = {});

struct Outcome {
  std::vector<std::string> broken;
  uint64_t trace = 0;
  size_t changes = 0;
};
// `tell` hears what happens as it does; see Simulation::tell.
Outcome run(const Schedule& schedule, std::function<void(const std::string& line)> tell = {});

// The schedule with as few acts as still break the same invariant: acts are left out in ever
// smaller groups as long as it stays broken (delta debugging, Zeller 2002). `fails` runs one.
Schedule shrink(const Schedule& schedule, const std::function<bool(const Schedule&)>& fails);

// The name before the colon: which invariant it was.
std::string invariant_of(const std::string& broken);

}  // namespace berth::simulation
