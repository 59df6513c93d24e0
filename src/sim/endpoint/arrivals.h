#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "sim/csv.h"

namespace berth::sim::endpoint {

// Times in seconds from the beginning.
struct Request {
  double at = 0;
  double work = 0;  // seconds that a replica takes for it alone
};

// Seconds of work that a request is: for itself, and for each token in and out.
struct WorkModel {
  double request_seconds = 0.02;
  double context_seconds = 0.0001;
  double generated_seconds = 0;
};

// The trace of Azure's LLM service (TIMESTAMP, ContextTokens, GeneratedTokens; Patel et al.,
// Splitwise, ISCA 2024), each request `scale` times: once when it came, and the others within half
// a minute around it, at random by the seed. By time. Errors: Invalid, with file and line.
Result<std::vector<Request>> from_azure(const Csv& csv, const WorkModel& model, int64_t scale,
                                        uint64_t seed);

enum class Day {
  Diurnal,     // a wave from a fifth of the peak to the peak
  Spikes,      // the wave, and every two hours five minutes of twice the load
  FlashCrowd,  // the wave, and on the last day at four o'clock ten times the load within two
               // minutes
  Silence,     // the wave from nine to five, else nothing
};
// Poisson arrivals over so many days, each alike but for the flash crowd, at `peak` requests a
// second. The work of a request is exponential around `work_seconds`, at most five times that.
std::vector<Request> synthetic(Day day, int64_t days, double peak, double work_seconds,
                               uint64_t seed);

}  // namespace berth::sim::endpoint
