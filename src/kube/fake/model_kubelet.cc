#include "kube/fake/model_kubelet.h"

#include <nlohmann/json.hpp>

#include "json/time.h"
#include "kube/fake/objects.h"
#include "kube/fake/pod_rules.h"
#include "kube/request.h"

namespace berth::kube::fake {
namespace {

Json conditions(const Json& pod, const char* ready, const std::string& time) {
  Json status = pod;
  for (const char* type : {"Ready", "ContainersReady"}) {
    set_condition(status, type, ready, "", time);
  }
  return status["status"]["conditions"];
}

std::string address(int number) {
  return "10.88." + std::to_string(number / 250 % 250) + "." + std::to_string(number % 250 + 1);
}

// One entry per container of the spec, each in that state.
Json container_statuses(const Json& pod, const Json& state, bool ready) {
  Json statuses = Json::array();
  for (const Json& container : pod.value(Json::json_pointer("/spec/containers"), Json::array())) {
    statuses.push_back({{"name", container.value("name", "")},
                        {"ready", ready},
                        {"restartCount", 0},
                        {"state", state}});
  }
  return statuses;
}

}  // namespace

size_t ModelKubelet::step() {
  struct Due {
    Storage::Name name;
    bool ends;
  };
  std::vector<Due> due;
  for (const Json* pod : server_.list(kPods)) {
    const std::string phase = text_at(*pod, "/status/phase");
    if (is_deleting(*pod)) {
      due.push_back({name_of(*pod), true});
    } else if (!node_of(*pod).empty() && phase == "Pending") {
      due.push_back({name_of(*pod), false});
    }
  }
  const uint64_t before = server_.version();
  for (const auto& [name, ends] : due) {
    ends ? remove(name.first, name.second) : start(name.first, name.second);
  }
  return server_.version() == before ? 0 : due.size();
}

void ModelKubelet::start(std::string_view name_space, std::string_view name) {
  run(name_space, name, true);
}

void ModelKubelet::begin(std::string_view name_space, std::string_view name) {
  run(name_space, name, false);
}

void ModelKubelet::run(std::string_view name_space, std::string_view name, bool is_ready) {
  const Json* pod = server_.find(kPods, name_space, name);
  if (pod == nullptr) return;
  const std::string now = format_time(clock_.now());
  Json status = {{"phase", "Running"},
                 {"conditions", conditions(*pod, is_ready ? "True" : "False", now)},
                 {"containerStatuses",
                  container_statuses(*pod, {{"running", {{"startedAt", now}}}}, is_ready)}};
  if (text_at(*pod, "/status/startTime").empty()) {
    status["startTime"] = now;
    status["podIP"] = address(addresses_++);
  }
  write_status(name_space, name, status);
}

void ModelKubelet::finish(std::string_view name_space, std::string_view name, int exit_code,
                          std::string_view message) {
  const Json* pod = server_.find(kPods, name_space, name);
  if (pod == nullptr) return;
  const std::string now = format_time(clock_.now());
  const Json ended = {{"terminated",
                       {{"exitCode", exit_code},
                        {"reason", exit_code == 0 ? "Completed" : "Error"},
                        {"message", message},
                        {"finishedAt", now}}}};
  write_status(name_space, name,
               {{"phase", exit_code == 0 ? "Succeeded" : "Failed"},
                {"conditions", conditions(*pod, "False", now)},
                {"containerStatuses", container_statuses(*pod, ended, false)}});
}

void ModelKubelet::reject(std::string_view name_space, std::string_view name,
                          std::string_view reason) {
  write_status(name_space, name, {{"phase", "Failed"}, {"reason", reason}});
}

void ModelKubelet::remove(std::string_view name_space, std::string_view name) {
  server_.handle(kube::remove(kPods, name_space, name, {.grace_seconds = 0}));
}

void ModelKubelet::write_status(std::string_view name_space, std::string_view name,
                                const Json& status) {
  server_.handle(patch_status(kPods, name_space, name, {{"status", status}}));
}

}  // namespace berth::kube::fake
