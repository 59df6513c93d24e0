#include "decisionlog/chain.h"
#include "decisionlog/replay.h"
#include "tests/fuzz/targets.h"

namespace berth::fuzz {
namespace {

// The same lines with hashes that are right, since no mutation will find one.
std::string sealed(std::string_view text) {
  std::string log;
  std::string previous;
  while (!text.empty()) {
    std::string body(decisionlog::body_of_line(take_until(text, '\n')));
    if (!body.ends_with('}')) body += '}';
    log += decisionlog::seal(body, previous);
  }
  return log;
}

}  // namespace

// A decision log, as it is and with its chain made good: then it is replayed.
void decision_logs(std::string_view input) {
  (void)decisionlog::replay(input);
  const auto report = decisionlog::replay(sealed(input));
  require(!report || report->passes >= report->passes_that_differ, "counts do not add up");
}

}  // namespace berth::fuzz
