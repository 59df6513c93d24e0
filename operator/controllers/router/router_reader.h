#pragma once
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "api/inferenceendpoint.h"
#include "base/clock.h"
#include "operator/controllers/router/router_page.h"
#include "operator/world/metrics_fetcher.h"
#include "operator/world/settings.h"
#include "operator/world/stores.h"
#include "slo/increases.h"

namespace berth::control {

// What a router has said of an endpoint of its namespace.
struct Heard {
  const api::InferenceEndpoint& endpoint;
  const std::string& router;  // UID of its pod
  const EndpointCounters& counters;
  slo::Counted since_last;  // of counters.answers, since the last look at this router
};

// Asks the routers of every namespace with endpoints what they have counted, now and then: more
// often where the number of replicas follows it. Only addresses that the status of a router's own
// pod names are ever asked.
class RouterReader {
 public:
  RouterReader(Stores& stores, MetricsFetcher& fetcher, const Settings& settings,
               const Clock& clock);
  RouterReader(const RouterReader&) = delete;
  RouterReader& operator=(const RouterReader&) = delete;

  // Called for every endpoint of the namespace, heard of by that router or not: one that knows the
  // endpoint and has had no request for it shows nothing.
  void subscribe(std::function<void(const Heard&)> heard) { heard_.push_back(std::move(heard)); }

  Monotonic tick();  // returns when to call again at the latest

  // UIDs of those that take requests.
  std::set<std::string> routers_in(const std::string& name_space) const;

 private:
  Millis interval_in(const std::string& name_space) const;
  void ask(const std::string& name_space);
  void answered(const std::string& name_space, const std::string& router,
                const Result<std::string>& page);
  void forget_gone(const std::string& name_space);

  Stores& stores_;
  MetricsFetcher& fetcher_;
  const Settings& settings_;
  const Clock& clock_;
  std::vector<std::function<void(const Heard&)>> heard_;
  std::map<std::string, Monotonic> due_;               // by namespace
  std::set<std::string> asked_;                        // UIDs of routers whose answer is on its way
  std::map<std::string, Monotonic> left_alone_until_;  // UIDs of those that did not answer
  std::map<std::string, slo::Increases> increases_;    // by the endpoint's UID, each by router
};

}  // namespace berth::control
