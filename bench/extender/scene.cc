#include "bench/extender/scene.h"

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/log.h"
#include "http/metrics.h"
#include "kube/fake/fake_server.h"
#include "kube/fake/fake_transport.h"
#include "operator/extender/binder.h"
#include "operator/extender/service.h"

namespace berth::bench {
namespace {

constexpr int kJobs = 2'000;
constexpr int kWorkers = 2;
constexpr char kPlannedNode[] = "node-000000.rack-07.example";

const translate::Accelerators kAccelerators{{"nvidia.com/gpu"}};

std::string node_name(int i) {
  std::string digits = std::to_string(i);
  return "node-" + std::string(6 - digits.size(), '0') + digits + ".rack-07.example";
}

// As large as a real one: environment, mounts, tolerations, affinity.
Json worker_pod() {
  Json env = Json::array();
  for (const char* const name : {"RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT", "BERTH_JOB",
                                 "BERTH_ATTEMPT", "BERTH_CHECKPOINT_DIR", "BERTH_PORT"}) {
    env.push_back({{"name", name}, {"value", "a value of some length for " + std::string(name)}});
  }
  const Json field = {{"key", "metadata.name"}, {"operator", "In"}, {"values", {kPlannedNode}}};
  Json pod = {{"metadata",
               {{"name", "job-7-1-0"},
                {"namespace", "team-a"},
                {"uid", "5e2d27f0-5f2c-4d3a-9f63-0a3f7d1f6a11"},
                {"resourceVersion", "123456"},
                {"creationTimestamp", "2026-11-20T12:00:00Z"},
                {"labels", {{"berth.dev/job", "job-7"}, {"berth.dev/attempt", "1"}}},
                {"ownerReferences",
                 {{{"apiVersion", "berth.dev/v1alpha1"},
                   {"kind", "GpuJob"},
                   {"name", "job-7"},
                   {"uid", "uid-7"},
                   {"controller", true},
                   {"blockOwnerDeletion", true}}}}}},
              {"spec",
               {{"schedulerName", "berth"},
                {"priorityClassName", "berth-workload"},
                {"restartPolicy", "Never"},
                {"subdomain", "berth"},
                {"containers",
                 {{{"name", "worker"},
                   {"image", "localhost/berth-trainer:0.1.0"},
                   {"env", env},
                   {"resources",
                    {{"limits", {{"nvidia.com/gpu", "1"}, {"cpu", "4"}, {"memory", "16Gi"}}},
                     {"requests", {{"nvidia.com/gpu", "1"}, {"cpu", "4"}, {"memory", "16Gi"}}}}},
                   {"volumeMounts",
                    {{{"name", "checkpoint"}, {"mountPath", "/var/run/berth/checkpoint"}}}}}}},
                {"tolerations",
                 {{{"key", "nvidia.com/gpu"}, {"operator", "Exists"}, {"effect", "NoSchedule"}}}}}},
              {"status", {{"phase", "Pending"}, {"qosClass", "Guaranteed"}}}};
  pod["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
     ["nodeSelectorTerms"] = Json::array({{{"matchFields", Json::array({field})}}});
  return pod;
}

void fill(extender::View& view) {
  for (int i = 0; i < 5'000; ++i) view.set_node(node_name(i), extender::NodeDevices{0, 8});
  view.set_quota("team-a", {"team-a"});
  for (int i = 0; i < kJobs; ++i) {
    extender::Plan plan{.uid = "uid-" + std::to_string(i),
                        .name_space = "team-a",
                        .name = "job-" + std::to_string(i),
                        .attempt = 1};
    for (int w = 0; w < kWorkers; ++w) {
      plan.workers.push_back({w == 0 && i == 7 ? kPlannedNode : node_name((2 * i + w) % 5'000), 1});
    }
    view.set_plan(std::move(plan));
  }
  view.set_synced(true);
}

}  // namespace

// Nothing of the loop thread is used: /filter of a known pod never leaves the server's thread.
struct Scene::Parts {
  NoLog log;
  ManualClock clock;
  kube::fake::FakeServer api{clock};
  kube::fake::FakeTransport transport{api, clock};
  extender::SharedView view;
  extender::Caches caches{transport, kAccelerators, view, log, 1};
  http::Metrics metrics;
  extender::Binder binder{transport, caches, view, metrics, log};
  extender::Mailbox mailbox{[] {}};
  extender::Service service{
      {.accelerators = kAccelerators,
       .client_name = "kube-scheduler",
       .stopwatch = [] { return std::chrono::steady_clock::now().time_since_epoch(); }},
      view,
      binder,
      mailbox,
      metrics};
  std::unique_ptr<http::TlsServer> server;
};

Scene::Scene() : parts_(std::make_unique<Parts>()) {
  parts_->view.write([](extender::View& view) { fill(view); });
  auto server = http::TlsServer::start(
      {.tls = pki_.files()},
      [parts = parts_.get()](const http::Request& request, const http::Peer& peer,
                             http::Respond respond) {
        if (request.target == "/echo") return respond({.body = std::string(request.body)});
        parts->service.handle(request, peer, std::move(respond));
      },
      parts_->log);
  if (!server.ok()) {
    std::cerr << "bench: " << server.error().message << "\n";
    std::exit(1);
  }
  parts_->server = std::move(*server);
}

Scene::~Scene() { parts_->server.reset(); }

uint16_t Scene::port() const { return parts_->server->port(); }

std::string Scene::call(int names) const {
  Json offered = Json::array();
  for (int i = names - 1; i >= 0; --i) offered.push_back(node_name(i));  // the planned one last
  return Json{{"Pod", worker_pod()}, {"Nodes", nullptr}, {"NodeNames", offered}}.dump();
}

}  // namespace berth::bench
