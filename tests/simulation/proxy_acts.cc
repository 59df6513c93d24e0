#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "tests/simulation/simulation.h"
#include "translate/read_json.h"

// A proxy between an operator and its API server keeps a request for itself. The client has no
// answer, and later the request arrives all the same, with whatever it asks for and tests.
namespace berth::simulation {
namespace {

using integration::Process;
using kube::Request;

constexpr Millis kLease{15'000};

using Matches = std::function<bool(const Request&)>;

bool is_kept_write(const Request& request) {
  return request.method != kube::Method::Get && request.path.find("/leases") == std::string::npos &&
         request.path.find("/events") == std::string::npos;
}

bool is_placing(const Request& request) {
  return is_kept_write(request) && request.path.find("/gpujobs/") != std::string::npos &&
         request.body.find("\"placement\":{") != std::string::npos;
}

bool is_pod_delete(const Request& request) {
  return request.method == kube::Method::Delete && request.path.find("/pods/") != std::string::npos;
}

// Keeps the one after the first `skip` that match until `by` after that; returns whether it has.
std::shared_ptr<bool> hold(Simulation& s, Process& process, Matches matches, Millis by,
                           uint32_t skip = 0) {
  const auto is_held = std::make_shared<bool>(false);
  const auto left = std::make_shared<uint32_t>(skip);
  process.transport->inject(
      {.matches =
           [&s, identity = process.identity, matches = std::move(matches), by, left,
            is_held](const Request& request) {
             if (*is_held || !matches(request) || (*left)-- > 0) return false;
             *is_held = true;
             s.later(by, [&s, identity, request] { s.arrive_late(identity, request); });
             return true;
           },
       .fault = {.where = kube::fake::Fault::Where::BeforeServer,
                 .answer = Error{Code::Timeout, "no answer"}}});
  return is_held;
}

void write_held(Simulation& s, const Act& act) {
  Process* process = s.running(act.draws[0]);
  if (process == nullptr) return;
  hold(s, *process, is_kept_write, Millis{act.draws[2] % 20'000}, act.draws[1] % 12);
}

// The leader dies of it, and another takes over before it arrives: where the server's view of the
// Lease is as old as a Lease may be, it is accepted.
void placement_held(Simulation& s, const Act& act) {
  for (Process* process : s.cluster.operators()) {
    if (!process->runs() || !process->program->is_leading()) continue;
    const Millis by = kLease + Millis{2'000 + act.draws[0] % 10'000};
    s.crash_when(*process, hold(s, *process, is_placing, by), 0);
    s.fence_is_late(kLease);
    s.later(2 * kLease, [&s] { s.fence_is_late(Millis{0}); });
    return;
  }
}

// Of a job that is deleted and made again under its name before it arrives.
void delete_held(Simulation& s, const Act& act) {
  const auto jobs = s.named(kube::kGpuJobs);
  if (jobs.empty()) return;
  const auto& [team, job] = jobs[act.draws[0] % jobs.size()];
  for (Process* process : s.cluster.operators()) {
    if (process->runs()) hold(s, *process, is_pod_delete, Millis{9'000});
  }
  s.cluster.in(team).delete_job(job);
  s.later(Millis{6'000}, [&s, team = team, name = job] {
    if (s.cluster.in(team).has_job(name)) return;
    s.cluster.job(name, 1).behaves(name, {.runs = std::chrono::seconds(30)});
  });
}

// To all pods, for a while; the job of this one is stopped meanwhile.
void go_deaf(Simulation& s, Process& process, const Request& create) {
  process.transport->on_line([](const Request& watch, auto) {
    return watch.path.ends_with("/pods") ? kube::fake::LineFate::Drop
                                         : kube::fake::LineFate::Deliver;
  });
  s.later(Millis{10'000}, [&process] {
    if (!process.runs()) return;
    process.transport->on_line({});
    process.transport->cut_streams(Error{Code::Expired, "too old resource version"});
  });
  const Json meta = translate::object_at(Json::parse(create.body), "metadata");
  const std::string team = translate::text_at(meta, "namespace");
  const std::string pod = translate::text_at(meta, "name");
  const std::string job = pod.substr(0, pod.rfind('-', pod.rfind('-') - 1));  // less attempt, index
  s.later(Millis{500}, [&s, team, job] {
    if (!s.cluster.in(team).has_job(job)) return;
    s.cluster.change_job(job, [](auto& changed) { changed.spec.suspend = true; });
  });
}

// A pod is made, nobody hears of it, neither by the answer nor by the watch, and its job is
// stopped.
void create_unseen(Simulation& s, const Act& act) {
  Process* process = s.running(act.draws[0]);
  if (process == nullptr) return;
  const auto is_create = [](const Request& request) {
    return request.method == kube::Method::Post && request.path.ends_with("/pods");
  };
  const auto is_made = std::make_shared<bool>(false);
  process->transport->inject({.matches =
                                  [&s, process, is_create, is_made](const Request& request) {
                                    if (*is_made || !is_create(request)) return false;
                                    *is_made = true;
                                    go_deaf(s, *process, request);
                                    return true;
                                  },
                              .fault = kube::fake::Fault::lost_reply()});
}

}  // namespace

std::vector<ActKind> proxy_acts() {
  return {{"write_held", true, 3, write_held},
          {"placement_held", true, 1, placement_held},
          {"delete_held", true, 1, delete_held},
          {"create_unseen", true, 2, create_unseen}};
}

}  // namespace berth::simulation
