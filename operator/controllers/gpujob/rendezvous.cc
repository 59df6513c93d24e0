#include "operator/controllers/gpujob/rendezvous.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "kube/resource.h"
#include "operator/controllers/gpujob/worker_pod.h"
#include "operator/world/settings.h"
#include "runtime/ownership.h"
#include "translate/worker_name.h"

namespace berth::control {
namespace {

std::string worker_name(const api::GpuJob& job, int64_t index) {
  return translate::worker_name(job.meta.name, {job.status.placement->attempt, index});
}

bool have_addresses(const std::vector<const translate::Pod*>& workers) {
  return std::all_of(workers.begin(), workers.end(),
                     [](const auto* pod) { return pod != nullptr && !pod->ip.empty(); });
}

bool is_published(const std::vector<const Named*>& published, const std::string& name) {
  return std::any_of(published.begin(), published.end(),
                     [&](const Named* slice) { return slice->meta.name == name; });
}

std::vector<GangSlice> slices_of(const std::vector<const translate::Pod*>& workers) {
  std::vector<GangSlice> slices;
  for (size_t index = 0; index < workers.size(); ++index) {
    if (index % kEndpointsMost == 0) slices.push_back({static_cast<int64_t>(index), {}});
    slices.back().addresses.push_back(workers[index]->ip);
  }
  return slices;
}

Json endpoint(const std::string& name, const std::string& address) {
  return {{"addresses", {address}},
          {"hostname", name},
          {"conditions", {{"ready", true}}}};  // a worker is found before it is ready
}

}  // namespace

Rendezvous plan_rendezvous(const api::GpuJob& job,
                           const std::vector<const translate::Pod*>& workers,
                           const std::vector<const Named*>& published, bool has_service) {
  Rendezvous plan;
  const bool is_gang = workers.size() > 1;
  plan.create_service = is_gang && !has_service;
  for (const Named* slice : published) {
    const auto first = translate::parse_worker_name(job.meta.name, slice->meta.name);
    const bool is_current = is_gang && first && first->attempt == job.status.placement->attempt;
    if (!is_current && !slice->meta.deletion) plan.withdraw.push_back(slice->meta.name);
  }
  if (!is_gang || !have_addresses(workers)) return plan;
  for (GangSlice& slice : slices_of(workers)) {
    if (!is_published(published, worker_name(job, slice.first))) {
      plan.publish.push_back(std::move(slice));
    }
  }
  return plan;
}

std::string master_address(const api::GpuJob& job) {
  std::string host = worker_name(job, 0);
  if (job.status.placement->workers.size() == 1) return host;
  return host + "." + std::string(kRendezvousService) + "." + job.meta.name_space + ".svc";
}

Json rendezvous_service(const std::string& name_space) {
  return {{"apiVersion", "v1"},
          {"kind", "Service"},
          {"metadata",
           {{"name", kRendezvousService},
            {"namespace", name_space},
            {"labels", {{kManagedBy, "berth"}}}}},
          {"spec",
           {{"clusterIP", "None"},
            {"publishNotReadyAddresses", true},
            {"ports", {{{"name", "rendezvous"}, {"port", kRendezvousPort}}}}}}};
}

Json rendezvous_slice(const api::GpuJob& job, const GangSlice& slice) {
  Json endpoints = Json::array();
  int64_t index = slice.first;
  for (const std::string& address : slice.addresses) {
    endpoints.push_back(endpoint(worker_name(job, index++), address));
  }
  const bool is_v6 = slice.addresses.front().find(':') != std::string::npos;
  return {{"apiVersion", kube::api_version(kube::kEndpointSlices)},
          {"kind", kube::kEndpointSlices.kind},
          {"metadata",
           {{"name", worker_name(job, slice.first)},
            {"namespace", job.meta.name_space},
            {"labels",
             {{"kubernetes.io/service-name", kRendezvousService},
              {"endpointslice.kubernetes.io/managed-by", kSliceManager},
              // As for every headless Service: kube-proxy need not look.
              {"service.kubernetes.io/headless", ""}}},
            {"ownerReferences", {runtime::owner_reference(kube::kGpuJobs, job.meta)}}}},
          {"addressType", is_v6 ? "IPv6" : "IPv4"},
          {"ports", {{{"name", "rendezvous"}, {"port", kRendezvousPort}, {"protocol", "TCP"}}}},
          {"endpoints", std::move(endpoints)}};
}

}  // namespace berth::control
