#include "cli/live/waiting_report.h"

#include <map>
#include <nlohmann/json.hpp>

#include "cli/live/report_json.h"
#include "cli/live/table.h"
#include "cli/live/words.h"
#include "json/time.h"
#include "sched/core/order.h"
#include "translate/asks.h"

namespace berth::cli {
namespace {

using Ordered = nlohmann::ordered_json;

// Why it waits, as its Admitted condition says; before the operator has spoken, nothing is known.
struct Why {
  std::string reason;
  std::string message;
};
std::optional<Why> why(const api::GpuJob& job) {
  const api::Condition* admitted = api::find_condition(job.status.conditions, "Admitted");
  if (admitted == nullptr || admitted->is_true()) return std::nullopt;
  return Why{admitted->reason, admitted->message};
}

Ordered json_of(const WaitingJob& waiting, Instant now) {
  const api::GpuJob& job = *waiting.job;
  Ordered json;
  json["namespace"] = job.meta.name_space;
  json["name"] = job.meta.name;
  json["quota"] = or_null(waiting.quota);
  json["position"] = waiting.position;
  json["priority"] = job.spec.priority;
  json["created"] = job.meta.creation ? Ordered(format_time(*job.meta.creation)) : Ordered(nullptr);
  json["age_seconds"] =
      job.meta.creation ? Ordered((now - *job.meta.creation).count() / 1000) : Ordered(nullptr);
  json["workers"] = job.spec.workers.max;
  json["wants"] = Ordered::array();
  for (const api::DeviceAsk& ask : job.spec.worker.devices) {
    Ordered one;
    one["class"] = ask.device_class;
    one["devices_per_worker"] = ask.count;
    if (ask.share) {
      one["share"] =
          Ordered{{"memory", ask.share->memory}, {"compute_percent", ask.share->compute_percent}};
    }
    json["wants"].push_back(std::move(one));
  }
  const std::optional<Why> said = why(job);
  json["reason"] = said ? Ordered(said->reason) : Ordered(nullptr);
  json["message"] = said ? Ordered(said->message) : Ordered(nullptr);
  json["starts"] = nullptr;  // the status has no estimate yet
  return json;
}

sched::Ordering ordering_of(const translate::Tenancy& tenancy,
                            const std::optional<std::string>& tenant) {
  for (const sched::Quota& quota : tenancy.quotas) {
    if (tenant && quota.id.name == *tenant) return quota.ordering;
  }
  return sched::Ordering::Fair;
}

}  // namespace

std::vector<WaitingJob> waiting_jobs(const std::vector<api::GpuJob>& jobs,
                                     const translate::Tenancy& tenancy,
                                     const translate::Pools& pools, Instant now) {
  std::map<std::string, const api::GpuJob*> by_uid;
  std::vector<sched::Ask> asks;
  for (const api::GpuJob& job : jobs) {
    if (!is_waiting(job)) continue;
    by_uid.emplace(job.meta.uid, &job);
    asks.push_back(translate::ask_of(job, tenancy, pools, sched::Estimates(), {}));
  }
  std::map<std::optional<std::string>, std::vector<const sched::Ask*>> by_tenant;
  for (const sched::Ask& ask : asks) {
    by_tenant[ask.quota ? std::optional(ask.quota->name) : std::nullopt].push_back(&ask);
  }
  std::vector<WaitingJob> waiting;
  const auto add = [&](const std::optional<std::string>& tenant,
                       std::vector<const sched::Ask*>& theirs) {
    sched::sort_asks({}, ordering_of(tenancy, tenant), now, theirs);
    int64_t position = 0;
    for (const sched::Ask* ask : theirs) {
      waiting.push_back({by_uid.at(ask->id.uid), tenant, ++position});
    }
  };
  for (auto& [tenant, theirs] : by_tenant) {
    if (tenant) add(tenant, theirs);
  }
  if (const auto nobodys = by_tenant.find(std::nullopt); nobodys != by_tenant.end()) {
    add(std::nullopt, nobodys->second);
  }
  return waiting;
}

std::string wants_text(const api::GpuJobSpec& spec) {
  std::string text;
  for (const api::DeviceAsk& ask : spec.worker.devices) {
    text += (text.empty() ? "" : " or ") + std::to_string(spec.workers.max) + " x " +
            std::to_string(ask.count) + " " + ask.device_class;
    if (ask.share) {
      text += " share of " + ask.share->memory + ", " + std::to_string(ask.share->compute_percent) +
              "%";
    }
  }
  return text;
}

std::string waiting_json(const std::vector<WaitingJob>& jobs, Instant now) {
  Ordered json;
  json["jobs"] = Ordered::array();
  for (const WaitingJob& job : jobs) json["jobs"].push_back(json_of(job, now));
  return json.dump() + "\n";
}

std::string waiting_table(const std::vector<WaitingJob>& jobs, Instant now) {
  if (jobs.empty()) return "No GpuJob waits.\n";
  Table table{.columns = {{"QUOTA"},
                          {"POSITION", true},
                          {"NAMESPACE"},
                          {"NAME"},
                          {"AGE", true},
                          {"PRIORITY", true},
                          {"WANTS"},
                          {"STARTS"},
                          {"REASON"},
                          {"MESSAGE"}},
              .rows = {}};
  for (const WaitingJob& waiting : jobs) {
    const api::GpuJob& job = *waiting.job;
    const std::optional<Why> said = why(job);
    table.rows.push_back({waiting.quota.value_or("-"), std::to_string(waiting.position),
                          job.meta.name_space, job.meta.name,
                          job.meta.creation ? age_text(now - *job.meta.creation) : "-",
                          std::to_string(job.spec.priority), wants_text(job.spec), "unknown",
                          said ? said->reason : "-", said ? said->message : "not looked at yet"});
  }
  return table.text();
}

}  // namespace berth::cli
