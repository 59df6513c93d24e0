#pragma once
#include <string>
#include <vector>

#include "base/result.h"
#include "sim/csv.h"
#include "sim/queue/job.h"

namespace berth::sim::queue {

struct Workload {
  std::vector<Job> jobs;  // by time of submission; at one time in the order of files and lines
  std::vector<Tenant> tenants;
};

// Reads recorded jobs, plain or gzip; one file is one tenant, named as the file is without folder
// and endings. The header says what it is:
//   elasticflow  job_id, submission_time, duration, num_gpu [, model_name, deadline]: seconds
//   muri-philly  job_id, submit_time, duration, num_gpu [, model_name]: milliseconds
// Other columns are not read. The times of several files count from one zero.
// Errors: NotFound, or Invalid with "FILE:LINE: what is wrong"; two files of one name.
Result<Workload> load_traces(const std::vector<std::string>& paths);

// The jobs of one file; they name tenant 0 and come in the file's order.
Result<std::vector<Job>> parse_jobs(const Csv& csv);

}  // namespace berth::sim::queue
