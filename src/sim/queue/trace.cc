#include "sim/queue/trace.h"

#include <algorithm>
#include <iterator>

namespace berth::sim::queue {
namespace {

// Most of what a cell may say, in its own unit: sums over a trace stay far from overflow.
constexpr int64_t kMostTime = int64_t{1} << 42;
constexpr int64_t kMostDevices = 1'000'000;

struct Columns {
  size_t id = 0, submitted = 0, duration = 0, devices = 0;
  std::optional<size_t> model, deadline;
  Millis unit{1};
};

Result<Columns> recognise(const Csv& csv) {
  const bool seconds = csv.column("submission_time").has_value();
  const auto id = csv.column("job_id");
  const auto submitted = csv.column(seconds ? "submission_time" : "submit_time");
  const auto duration = csv.column("duration");
  const auto devices = csv.column("num_gpu");
  if (!id || !submitted || !duration || !devices) {
    return Error{Code::Invalid, csv.name() + ":1: want the columns job_id, duration, num_gpu and " +
                                    "submission_time (s, elasticflow) or submit_time (ms, " +
                                    "muri-philly)"};
  }
  const auto deadline = seconds ? csv.column("deadline") : std::nullopt;
  return Columns{*id,
                 *submitted,
                 *duration,
                 *devices,
                 csv.column("model_name"),
                 deadline,
                 seconds ? Millis(1000) : Millis(1)};
}

Result<int64_t> between(const Csv& csv, size_t row, size_t column, int64_t least, int64_t most) {
  const int64_t value = BERTH_TRY(csv.integer(row, column));
  if (value >= least && value <= most) return value;
  return Error{Code::Invalid, csv.name() + ":" + std::to_string(row + 2) + ": " +
                                  csv.header()[column] + ": want " + std::to_string(least) +
                                  " to " + std::to_string(most) + ", got " + std::to_string(value)};
}

std::string stem(const std::string& path) {
  const std::string file = path.substr(path.find_last_of('/') + 1);
  return file.substr(0, file.find('.', 1));
}

}  // namespace

Result<std::vector<Job>> parse_jobs(const Csv& csv) {
  const Columns columns = BERTH_TRY(recognise(csv));
  std::vector<Job> jobs;
  jobs.reserve(csv.rows());
  for (size_t row = 0; row < csv.rows(); ++row) {
    Job job;
    job.visible.name = csv.cell(row, columns.id);
    job.visible.devices = BERTH_TRY(between(csv, row, columns.devices, 1, kMostDevices));
    job.visible.submitted =
        Instant{columns.unit * BERTH_TRY(between(csv, row, columns.submitted, 0, kMostTime))};
    job.duration = columns.unit * BERTH_TRY(between(csv, row, columns.duration, 1, kMostTime));
    if (columns.model) job.visible.model = csv.cell(row, *columns.model);
    if (columns.deadline) {
      job.visible.deadline =
          Instant{columns.unit * BERTH_TRY(between(csv, row, *columns.deadline, 0, kMostTime))};
    }
    jobs.push_back(std::move(job));
  }
  return jobs;
}

Result<Workload> load_traces(const std::vector<std::string>& paths) {
  Workload all;
  for (const std::string& path : paths) {
    Tenant tenant{.name = stem(path)};
    for (const Tenant& other : all.tenants) {
      if (other.name == tenant.name) {
        return Error{Code::Invalid, path + ": a second trace of the tenant " + tenant.name};
      }
    }
    const Csv csv = BERTH_TRY(Csv::read(path));
    std::vector<Job> jobs = BERTH_TRY(parse_jobs(csv));
    for (Job& job : jobs) job.visible.tenant = static_cast<TenantId>(all.tenants.size());
    std::move(jobs.begin(), jobs.end(), std::back_inserter(all.jobs));
    all.tenants.push_back(std::move(tenant));
  }
  std::stable_sort(all.jobs.begin(), all.jobs.end(), [](const Job& a, const Job& b) {
    return a.visible.submitted < b.visible.submitted;
  });
  return all;
}

}  // namespace berth::sim::queue
