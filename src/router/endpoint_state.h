#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "router/balancer.h"
#include "router/concurrency.h"
#include "router/numbers.h"
#include "router/retry_budget.h"
#include "router/route_table.h"

namespace berth::router {

// What the threads share of one endpoint: held for some hundred nanoseconds at a time, and never
// across anything that waits.
struct EndpointState {
  std::mutex mutex;  // guards all below
  Balancer balancer;
  RetryBudget budget;
  Concurrency load;
  Numbers numbers;
};

// A table and the states of its endpoints, which outlive it. Every thread has one and gets the next
// one as a message.
struct Routes {
  RouteTable table;
  std::map<std::string, std::shared_ptr<EndpointState>, std::less<>> states;
};

}  // namespace berth::router
