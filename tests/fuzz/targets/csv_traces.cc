#include "sim/openb/trace.h"
#include "sim/queue/trace.h"
#include "tests/fuzz/targets.h"

namespace berth::fuzz {

// Recorded jobs of any known form; a file of nodes before a file of pods is parted from it by an
// empty line.
void csv_traces(std::string_view input) {
  const size_t parted = input.find("\n\n");
  const auto first = sim::Csv::parse("first.csv", std::string(input.substr(0, parted)));
  if (!first) return;
  if (parted == std::string_view::npos) {
    (void)sim::queue::parse_jobs(*first);
    for (size_t row = 0; row < first->rows(); ++row) (void)first->scaled(row, 0, 1000);
    return;
  }
  const auto second = sim::Csv::parse("second.csv", std::string(input.substr(parted + 2)));
  if (!second) return;
  const auto trace = sim::openb::load_trace(*first, *second);
  if (!trace) return;
  require(trace->capacity_milli() > 0, "a trace without devices was taken");
  for (const sim::openb::Shape& shape : trace->shapes) (void)allowed_models(*trace, shape);
}

}  // namespace berth::fuzz
