#pragma once
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "http/metrics.h"
#include "kube/fake/fake_server.h"
#include "kube/fake/fake_transport.h"
#include "kube/request.h"
#include "kube/resource.h"
#include "operator/extender/binder.h"
#include "operator/extender/caches.h"
#include "operator/extender/testing/calls.h"

namespace berth::extender::testing {

// An API server in memory with an extender's caches and binder on it; nodes n1 and n2 have eight
// devices each, namespace "blue" has a Quota.
struct World {
  World() {
    for (const char* const name : {"blue", "x"}) create(kube::kNamespaces, {}, name);
    for (const char* const name : {"n1", "n2"}) {
      create(kube::kNodes, {{"status", {{"allocatable", {{"nvidia.com/gpu", "8"}}}}}}, name);
    }
    create(kube::kQuotas, {{"spec", {{"namespaces", {"blue"}}}}}, "blue");
  }

  void sync() {
    caches.start();
    run();
  }
  void run() {
    for (int i = 0; i < 20; ++i) {
      caches.tick(clock.monotonic());
      transport.poll();
    }
  }

  void create(const kube::Resource& resource, Json object, const std::string& name,
              const std::string& name_space = {}) {
    object["apiVersion"] = kube::api_version(resource);
    object["kind"] = resource.kind;
    object["metadata"]["name"] = name;
    if (!name_space.empty()) object["metadata"]["namespace"] = name_space;
    object["metadata"].erase("uid");
    const auto response = api.handle(kube::create(resource, object));
    if (response.status != 201) ADD_FAILURE() << response.body;
  }

  // A GpuJob of namespace blue that is placed on `node`.
  void create_job(const std::string& name, const std::string& node, int attempt = 1) {
    create(kube::kGpuJobs, {{"spec", Json::object()}}, name, "blue");
    place(name, node, attempt);
  }
  void place(const std::string& name, const std::string& node, int attempt) {
    const Json worker = {{"node", node}, {"class", "nvidia-h200"}, {"count", 1}};
    const Json placement = {{"attempt", attempt}, {"workers", Json::array({worker})}};
    const auto response = api.handle(
        kube::patch_status(kube::kGpuJobs, "blue", name, {{"status", {{"placement", placement}}}}));
    if (response.status != 200) ADD_FAILURE() << response.body;
  }

  // Creates the pod, with its owner's real uid, and gives it back as the server has it.
  Json create_pod(Json pod) {
    const std::string name_space = pod["metadata"]["namespace"];
    const std::string name = pod["metadata"]["name"];
    if (pod["metadata"].contains("ownerReferences")) {
      Json& owner = pod["metadata"]["ownerReferences"][0];
      const std::string job = owner["name"];
      owner["uid"] = (*api.find(kube::kGpuJobs, name_space, job))["metadata"]["uid"];
    }
    create(kube::kPods, pod, name, name_space);
    return *api.find(kube::kPods, name_space, name);
  }
  std::string node_of(const Json& pod) {
    const Json& meta = pod["metadata"];
    const Json* found =
        api.find(kube::kPods, std::string(meta["namespace"]), std::string(meta["name"]));
    return found == nullptr ? "gone" : (*found)["spec"].value("nodeName", "");
  }

  // Binds and waits; nothing when there was no answer.
  std::optional<std::string> bind(const Json& pod, const std::string& node) {
    std::optional<std::string> answer;
    const Json& meta = pod["metadata"];
    binder.bind({meta["name"], meta["namespace"], meta["uid"], node},
                [&](std::string error) { answer = std::move(error); });
    run();
    return answer;
  }

  // Hits requests of this method whose path ends so.
  void inject(kube::Method method, const std::string& path_end, const kube::fake::Fault& fault,
              int times = 1) {
    transport.inject({.matches =
                          [=](const kube::Request& request) {
                            return request.method == method && request.path.ends_with(path_end);
                          },
                      .fault = fault,
                      .times = times});
  }
  size_t bindings_sent() const {
    size_t count = 0;
    for (const auto& sent : transport.sent()) count += sent.request.path.ends_with("/binding");
    return count;
  }

  ManualClock clock;
  NoLog log;
  kube::fake::FakeServer api{clock};
  kube::fake::FakeTransport transport{api, clock};
  SharedView view;
  Caches caches{transport, kAccelerators, view, log, 1};
  http::Metrics metrics;
  Binder binder{transport, caches, view, metrics, log};
};

}  // namespace berth::extender::testing
