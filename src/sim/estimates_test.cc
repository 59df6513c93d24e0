// How good learned run times are on recorded work.
#include "sched/time/estimates.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <queue>

#include "sim/csv.h"

namespace berth::sim {
namespace {

struct Run {
  int64_t submitted_ms = 0;
  int64_t ran_ms = 0;
  sched::RunKey key;
};
struct Trace {
  std::string file;
  std::string submitted;
  int64_t unit_ms = 1000;
  std::string template_column;
};

std::optional<std::string> find(const std::string& file) {
  for (const char* at : {"../shared/traces/", "../../shared/traces/"}) {
    if (std::filesystem::exists(at + file)) return at + file;
  }
  return std::nullopt;
}

std::vector<Run> read(const Trace& trace, const std::string& path) {
  const auto csv = Csv::read(path);
  EXPECT_TRUE(csv.ok());
  const size_t submitted = *csv->column(trace.submitted), ran = *csv->column("duration");
  const size_t devices = *csv->column("num_gpu");
  const auto name = csv->column(trace.template_column);
  std::vector<Run> runs;
  for (size_t row = 0; row < csv->rows(); ++row) {
    runs.push_back({*csv->integer(row, submitted) * trace.unit_ms,
                    *csv->integer(row, ran) * trace.unit_ms,
                    {.devices = *csv->integer(row, devices)}});
    if (name) runs.back().key.template_name = csv->cell(row, *name);
  }
  std::stable_sort(runs.begin(), runs.end(),
                   [](const Run& a, const Run& b) { return a.submitted_ms < b.submitted_ms; });
  return runs;
}

struct Score {
  double median_error = 0;       // |estimate - run| / run
  double pinball_p80 = 0;        // over the pinball loss of the prior
  double covered_p80 = 0;        // should be 0.8
  double covered_later_p80 = 0;  // of the runs beyond half an hour, asked again there
};

double pinball(double run, double estimate, double q) {
  return run >= estimate ? q * (run - estimate) : (1 - q) * (estimate - run);
}

// Each run is estimated when it is submitted, from those that have ended by then.
Score score(const std::vector<Run>& runs) {
  const sched::EstimateSettings settings;
  sched::Estimates estimates(settings);
  using End = std::pair<int64_t, size_t>;
  std::priority_queue<End, std::vector<End>, std::greater<>> ends;
  std::vector<double> errors;
  double loss = 0, prior_loss = 0, covered = 0, later = 0, covered_later = 0;
  for (size_t i = 0; i < runs.size(); ++i) {
    while (!ends.empty() && ends.top().first <= runs[i].submitted_ms) {
      const Run& ended = runs[ends.top().second];
      estimates.learn(ended.key, Millis{ended.ran_ms});
      ends.pop();
    }
    const double ran = static_cast<double>(std::max<int64_t>(1, runs[i].ran_ms));
    const auto at = [&](int64_t basis_points) {
      return static_cast<double>(estimates.remaining(runs[i].key, Millis{0}, basis_points).count());
    };
    errors.push_back(std::abs(at(5000) - ran) / ran);
    loss += pinball(ran, at(8000), 0.8);
    prior_loss += pinball(ran, static_cast<double>(settings.prior.count()), 0.8);
    covered += ran <= at(8000) ? 1 : 0;
    const Millis half_an_hour = std::chrono::minutes{30};
    if (Millis{runs[i].ran_ms} > half_an_hour) {
      ++later;
      covered_later += half_an_hour + estimates.remaining(runs[i].key, half_an_hour, 8000) >=
                       Millis{runs[i].ran_ms};
    }
    ends.emplace(runs[i].submitted_ms + runs[i].ran_ms, i);
  }
  std::nth_element(errors.begin(), errors.begin() + static_cast<ptrdiff_t>(errors.size() / 2),
                   errors.end());
  return {errors[errors.size() / 2], loss / prior_loss, covered / static_cast<double>(runs.size()),
          covered_later / std::max(1.0, later)};
}

class EstimatesOnTraces : public testing::TestWithParam<Trace> {};

TEST_P(EstimatesOnTraces, LearnedRunTimesLoseLessThanThePriorAndCoverWhatTheyClaim) {
  const auto path = find(GetParam().file);
  if (!path) GTEST_SKIP() << "no recorded work at ../shared/traces/" << GetParam().file;
  const auto runs = read(GetParam(), *path);
  const Score learned = score(runs);
  GTEST_LOG_(INFO) << GetParam().file << ": median relative error " << learned.median_error
                   << ", pinball loss at p80 " << learned.pinball_p80
                   << " of the prior's, p80 covers " << learned.covered_p80
                   << ", after half an hour " << learned.covered_later_p80;
  // Bounds around what was measured: they catch a change for the worse, they are no goal.
  EXPECT_LT(learned.pinball_p80, 1.1);
  EXPECT_GT(learned.covered_p80, 0.55);  // runs that come in campaigns are ahead of what is known
  EXPECT_LT(learned.covered_p80, 0.9);
  EXPECT_GT(learned.covered_later_p80, 0.45);
  EXPECT_LT(learned.covered_later_p80, 0.95);
}

std::string name_of(const testing::TestParamInfo<Trace>& trace) {
  std::string name = trace.param.file;
  std::replace_if(
      name.begin(), name.end(), [](char c) { return std::isalnum(c) == 0; }, '_');
  return name;
}

Trace raw(const std::string& n) {
  return {"elasticflow/raw/cluster" + n + ".csv.gz", "submission_time", 1000, ""};
}
Trace deadline(const std::string& n) {
  return {"elasticflow/deadline/cluster" + n + ".csv.gz", "submission_time", 1000, "model_name"};
}
Trace philly(const std::string& n) {
  return {"muri-philly/trace" + n + ".csv.gz", "submit_time", 1, ""};
}

INSTANTIATE_TEST_SUITE_P(Recorded, EstimatesOnTraces,
                         testing::Values(raw("01"), raw("02"), raw("03"), raw("04"), raw("05"),
                                         raw("06"), raw("08"), raw("10"), deadline("02"),
                                         deadline("05"), philly("1"), philly("2"), philly("3")),
                         name_of);

}  // namespace
}  // namespace berth::sim
