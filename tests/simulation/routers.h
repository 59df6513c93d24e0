#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "kube/fake/fake_server.h"
#include "operator/world/metrics_fetcher.h"
#include "tests/integration/cluster.h"
#include "tests/integration/router_page.h"

namespace berth::simulation {

// What callers ask of an endpoint, all the time.
struct Load {
  int64_t in_flight = 0;       // over all routers
  int64_t errors_percent = 0;  // of what is answered
  int64_t late_percent = 0;
};

// The routers of all namespaces: their Deployments' controller, which makes pods and counts the
// ready ones, and what each router counts and shows. A router that is ready carries its share; what
// comes while no replica serves is held, and is in flight all the same.
class Routers final : public integration::Part, public control::MetricsFetcher {
 public:
  using Name = std::pair<std::string, std::string>;  // namespace, name

  // Nobody answers before.
  void attach(integration::Cluster& cluster) { cluster_ = &cluster; }
  void changed(const std::string& collection, const kube::fake::Change& change);
  void start_over();  // the server went back to a backup

  bool turn() override;
  Monotonic next() const override;
  void fetch(const std::string& ip, int port, Reply reply) override;

  // ---- for acts ----
  void carry(const Name& endpoint, Load load);
  const Load& load(const Name& endpoint) const;
  // UID of one of those that run; nothing if there is none.
  std::optional<std::string> one(uint32_t draw) const;
  void answers(const std::string& router, bool does);
  void restart(const std::string& router);  // it counts from 0
  // By its clock so much more has passed than has, or less.
  void step_clock(const std::string& router, Millis step);
  // Its page is cut after so many bytes, or one of them is another; 0: no longer.
  void cut_page(const std::string& router, uint32_t at);
  void spoil_page(const std::string& router, uint32_t at);
  void behave();  // all of them, from here on

 private:
  struct Counted {
    integration::RouterCounts counts;
    Millis served{0};  // of what was carried, while a replica served
  };
  struct Router {
    Name name;
    std::string ip;
    bool is_ready = false;
    bool is_live = false;     // neither over nor being deleted
    bool is_leaving = false;  // being deleted
    bool answers = true;
    uint32_t cut_at = 0;
    uint32_t spoilt_at = 0;
    std::map<std::string, Counted> counted = {};  // by endpoint of its namespace
  };
  struct Deployment {
    int64_t replicas = 0;
    int64_t ready = 0;  // as its status says
    Monotonic due{};    // when the next pod may be made
  };

  void pod_changed(const Json& pod, bool is_gone);
  void deployment_changed(const Json& object, bool is_gone);
  void settle();  // counts what was carried since the last time
  void carry(Router& router, const std::string& endpoint, const Load& load, int64_t share,
             Millis time);
  int64_t ready_in(const std::string& name_space) const;
  bool tend(Deployment& deployment, const std::string& name_space);
  void make_pod(const std::string& name_space);
  std::string page_of(const Router& router) const;

  integration::Cluster* cluster_ = nullptr;
  std::map<std::string, Router> routers_;                // by UID
  std::map<std::string, Deployment> deployments_;        // by namespace
  std::map<Name, Load> loads_;                           // by endpoint
  std::map<Name, std::map<std::string, bool>> serving_;  // pods that are ready, by endpoint
  Monotonic since_{};
  bool is_touched_ = false;
  int made_ = 0;
};

}  // namespace berth::simulation
