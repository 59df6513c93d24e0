#pragma once
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "cli/program.h"
#include "json/time.h"
#include "kube/fake/fake_server.h"
#include "kube/request.h"

namespace berth::cli::testing {

inline constexpr const char* kH200 = "nvidia-h200";

// A cluster in memory as the operator would have left it, and the program run against it.
//   cluster.node("a", 8).quota("blue", 4).job("train", "blue", 2, 4).holds("train", "OverQuota",
//   "")
class LiveCluster {
 public:
  LiveCluster() = default;

  LiveCluster& node(const std::string& name, int64_t devices, const std::string& product = "H200",
                    bool cordoned = false) {
    create(kube::kNodes,
           {{"metadata",
             {{"name", name}, {"labels", {{"nvidia.com/gpu.product", "NVIDIA-" + product}}}}},
            {"spec", {{"unschedulable", cordoned}}}});
    status(kube::kNodes, "", name,
           {{"allocatable",
             {{"cpu", "64"},
              {"memory", "512Gi"},
              {"pods", "110"},
              {"nvidia.com/gpu", std::to_string(devices)}}},
            {"conditions", Json::array({{{"type", "Ready"}, {"status", "True"}}})}});
    return *this;
  }
  // In the pool of the label pool=NAME, its devices cut into `shares` of one resource.
  LiveCluster& cut_node(const std::string& name, const std::string& pool,
                        const std::string& resource, int64_t shares) {
    create(kube::kNodes, {{"metadata", {{"name", name}, {"labels", {{"pool", pool}}}}}});
    status(kube::kNodes, "", name,
           {{"allocatable",
             {{"cpu", "64"},
              {"memory", "512Gi"},
              {"pods", "110"},
              {"nvidia.com/gpu", "0"},
              {resource, std::to_string(shares)}}},
            {"conditions", Json::array({{{"type", "Ready"}, {"status", "True"}}})}});
    return *this;
  }
  // Of nodes of class nvidia-h200 with the label pool=NAME.
  LiveCluster& pool(const std::string& name, const Json& shares) {
    create(kube::kCapacityPools, {{"metadata", {{"name", name}}},
                                  {"spec",
                                   {{"nodeSelector", {{"pool", name}}},
                                    {"class", kH200},
                                    {"resource", "nvidia.com/gpu"},
                                    {"shares", shares}}}});
    return *this;
  }
  LiveCluster& name_space(const std::string& name) {
    create(kube::kNamespaces, {{"metadata", {{"name", name}}}});
    return *this;
  }
  // A leaf over the namespace of its name; a class may be given with its limit.
  LiveCluster& quota(const std::string& name, const Json& limits, const std::string& parent = "",
                     bool is_leaf = true) {
    Json spec = {{"limits", limits}};
    if (!parent.empty()) spec["parent"] = parent;
    if (is_leaf) spec["namespaces"] = Json::array({name});
    create(kube::kQuotas, {{"metadata", {{"name", name}}}, {"spec", spec}});
    return *this;
  }
  static Json limit(int64_t guaranteed, int64_t borrowing = 0, const std::string& of = kH200) {
    return {{"class", of}, {"guaranteed", guaranteed}, {"borrowingLimit", borrowing}};
  }
  LiveCluster& quota_status(const std::string& name, const Json& limits, const Json& conditions) {
    status(kube::kQuotas, "", name, {{"limits", limits}, {"conditions", conditions}});
    return *this;
  }
  LiveCluster& job(const std::string& name, const std::string& in, int64_t workers, int64_t devices,
                   const Json& more = Json::object()) {
    Json spec = {{"workers", {{"min", workers}, {"max", workers}}},
                 {"worker",
                  {{"image", "trainer"},
                   {"devices", Json::array({{{"class", kH200}, {"count", devices}}})}}}};
    spec.merge_patch(more);
    create(kube::kGpuJobs, {{"metadata", {{"name", name}, {"namespace", in}}}, {"spec", spec}});
    return *this;
  }
  LiveCluster& held(const std::string& name, const std::string& in, const std::string& reason,
                    const std::string& message) {
    status(kube::kGpuJobs, in, name,
           {{"conditions", Json::array({condition("Admitted", "False", reason, message)})}});
    return *this;
  }
  LiveCluster& runs(const std::string& name, const std::string& in,
                    const std::vector<std::pair<std::string, int64_t>>& workers) {
    Json placed = Json::array();
    for (const auto& [on, devices] : workers) {
      placed.push_back({{"node", on}, {"class", kH200}, {"count", devices}});
    }
    status(kube::kGpuJobs, in, name,
           {{"attempt", 1},
            {"placement", {{"attempt", 1}, {"workers", placed}}},
            {"admittedAt", time()},
            {"startedAt", time()},
            {"conditions", Json::array({condition("Admitted", "True", "Admitted", "")})}});
    return *this;
  }
  LiveCluster& pod(const std::string& name, const std::string& in, const std::string& on,
                   int64_t devices) {
    create(kube::kPods,
           {{"metadata", {{"name", name}, {"namespace", in}}},
            {"spec",
             {{"nodeName", on},
              {"containers",
               Json::array({{{"name", "main"},
                             {"image", "any"},
                             {"resources", {{"limits", {{"nvidia.com/gpu", devices}}}}}}})}}}});
    return *this;
  }
  Json condition(const std::string& type, const std::string& status, const std::string& reason,
                 const std::string& message) const {
    return {{"type", type},
            {"status", status},
            {"reason", reason},
            {"message", message},
            {"lastTransitionTime", time()}};
  }
  LiveCluster& hours(int64_t hours) {
    clock.advance(std::chrono::hours{hours});
    return *this;
  }
  std::string time() const { return format_time(clock.now()); }

  struct Ran {
    int exit = 0;
    std::string out;
    std::string err;
  };
  Ran run(std::vector<const char*> words) {
    std::ostringstream out;
    std::ostringstream err;
    const Surroundings around{
        .out = out,
        .err = err,
        .cpu_time = {},
        .now = [&] { return clock.now(); },
        .connect = [&](const ClusterFlags& flags) -> Result<Connection> {
          return Connection{.name_space = flags.name_space.empty() ? "default" : flags.name_space,
                            .send = [&](const kube::Request& request) { return answer(request); }};
        }};
    words.insert(words.begin(), "kubectl-berth");
    const int exit = run_program(static_cast<int>(words.size()), words.data(), around);
    return {exit, out.str(), err.str()};
  }

  ManualClock clock{Instant{std::chrono::hours{24 * 365 * 56}}};
  kube::fake::FakeServer server{clock};
  std::vector<kube::Request> asked;
  // What comes in place of the server's answer, if anything.
  std::function<std::optional<Result<kube::Response>>(const kube::Request&)> instead;

 private:
  Result<kube::Response> answer(const kube::Request& request) {
    asked.push_back(request);
    if (instead) {
      if (auto other = instead(request)) return *std::move(other);
    }
    return server.handle(request);
  }
  void create(const kube::Resource& resource, Json object) {
    object["apiVersion"] = kube::api_version(resource);
    object["kind"] = resource.kind;
    expect(server.handle(kube::create(resource, object)));
  }
  void status(const kube::Resource& resource, const std::string& in, const std::string& name,
              const Json& is) {
    expect(server.handle(kube::patch_status(resource, in, name, {{"status", is}})));
  }
  void expect(const kube::Response& response) {
    if (response.status > 299) refused += response.body + "\n";
  }

 public:
  std::string refused;  // what the server did not accept of the scene
};

}  // namespace berth::cli::testing
