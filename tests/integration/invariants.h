#pragma once
#include <string>
#include <vector>

#include "kube/fake/fake_server.h"

namespace berth::integration {

// What is wrong with the state of the server, in sentences; none of it may ever be seen:
//   - a Quota uses at least what placements below it hold, and never more than its limits;
//   - a live worker belongs to the placed attempt of its job, and is the only one of its index;
//   - the live pods of a node hold no more devices than it has;
//   - attempts are counted once each, and a job does not both complete and fail.
// `used_within_limits`: false where an administrator lowered a limit below what is used.
std::vector<std::string> broken_rules(const kube::fake::FakeServer& server,
                                      bool used_within_limits = true);

// What must hold besides once nothing moves: `used` is exactly what is placed, and no pod of a job
// that is gone is left, nor the names of a gang that is not placed.
std::vector<std::string> broken_when_quiet(const kube::fake::FakeServer& server);

}  // namespace berth::integration
