#include "router/proxy/loop.h"

#include <utility>
#include <vector>

#include "router/proxy/exchange.h"
#include "router/proxy/grpc_pool.h"
#include "router/proxy/mirror.h"
#include "router/proxy/rest_pool.h"

namespace berth::router {
namespace {

constexpr Millis kTick{100};

}  // namespace

Loop::Loop(Shared& all, uint64_t seed)
    : shared(all),
      rest(std::make_unique<RestPool>(*this)),
      grpc(std::make_unique<GrpcPool>(*this)),
      timer_(io),
      routes_(std::make_shared<Routes>()),
      random_(seed) {}

Loop::~Loop() = default;

Moment Loop::now() {
  return std::chrono::time_point_cast<Micros>(std::chrono::steady_clock::now());
}

// splitmix64.
uint64_t Loop::draw() {
  uint64_t value = random_ += 0x9e3779b97f4a7c15;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

void Loop::start() { tick(); }

void Loop::tick() {
  timer_.expires_after(kTick);
  timer_.async_wait([this](boost::system::error_code error) {
    if (error) return;
    const Moment now = Loop::now();
    const auto open = connections_;  // one that closes is taken out of the set
    for (const auto& connection : open) connection->check_deadlines(now);
    rest->close_idle(now);
    grpc->close_idle(now);
    tick();
  });
}

void Loop::set_routes(std::shared_ptr<const Routes> routes) {
  routes_ = std::move(routes);
  std::set<std::string> ids;
  for (const auto& [name, endpoint] : routes_->table.endpoints) {
    for (const Replica& replica : endpoint.replicas) ids.insert(replica.id);
  }
  rest->keep_only(ids);
  grpc->keep_only(ids);
  // Whoever still finds nobody is put back in line.
  for (const auto& [name, waiting] : std::exchange(held_, {})) {
    for (const auto& weak : waiting) {
      if (const auto exchange = weak.lock()) exchange->on_routes();
    }
  }
}

void Loop::hold(const std::string& endpoint, const std::shared_ptr<Exchange>& exchange) {
  auto& line = held_[endpoint];
  while (!line.empty() && line.front().expired()) line.pop_front();
  line.push_back(exchange);
}

void Loop::adopt(const std::shared_ptr<Connection>& connection) {
  connections_.insert(connection);
  connection->start();
  if (is_finishing_) connection->finish();
}

void Loop::forget(const std::shared_ptr<Connection>& connection) {
  if (connections_.erase(connection) > 0) --shared.connections;
}

void Loop::drain() {
  const auto open = connections_;
  for (const auto& connection : open) connection->drain();
}

void Loop::finish() {
  is_finishing_ = true;
  const auto open = connections_;
  for (const auto& connection : open) connection->finish();
}

void Loop::cut() {
  const auto open = connections_;
  for (const auto& connection : open) connection->close();
  const auto sent = mirrors;
  for (const auto& mirror : sent) mirror->drop();
  rest->keep_only({});
  grpc->keep_only({});
}

}  // namespace berth::router
