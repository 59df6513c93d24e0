#include "router/proxy/rest_pool.h"

#include <algorithm>
#include <utility>

#include "router/proxy/rest_upstream.h"

namespace berth::router {

RestPool::~RestPool() = default;

std::shared_ptr<Attempt> RestPool::send(const Replica& replica, const Call& call, Moment deadline,
                                        std::shared_ptr<AnswerSink> sink) {
  std::shared_ptr<RestUpstream> connection;
  const auto idle = idle_.find(replica.id);
  if (idle != idle_.end() && !idle->second.empty()) {
    connection = std::move(idle->second.back());
    idle->second.pop_back();
  } else {
    connection = std::make_shared<RestUpstream>(loop_, replica.id);
    connection->connect(replica.address, replica.rest_port);
  }
  connection->send(call, deadline, std::move(sink));
  return connection;
}

void RestPool::put_back(const std::shared_ptr<RestUpstream>& connection) {
  if (!listed_.contains(connection->replica())) return connection->close();
  idle_[connection->replica()].push_back(connection);
}

void RestPool::forget(const RestUpstream& connection) {
  const auto idle = idle_.find(connection.replica());
  if (idle == idle_.end()) return;
  std::erase_if(idle->second, [&](const auto& one) { return one.get() == &connection; });
}

void RestPool::keep_only(const std::set<std::string>& replicas) {
  listed_ = replicas;
  std::vector<std::shared_ptr<RestUpstream>> gone;
  for (auto& [replica, connections] : idle_) {
    if (!replicas.contains(replica))
      gone.insert(gone.end(), connections.begin(), connections.end());
  }
  for (const auto& connection : gone) connection->close();
  std::erase_if(idle_, [&](const auto& one) { return !replicas.contains(one.first); });
}

void RestPool::close_idle(Moment now) {
  std::vector<std::shared_ptr<RestUpstream>> old;
  for (const auto& [replica, connections] : idle_) {
    for (const auto& connection : connections) {
      if (now - connection->idle_since() >= loop_.shared.limits.replica_idle_timeout) {
        old.push_back(connection);
      }
    }
  }
  for (const auto& connection : old) connection->close();
}

}  // namespace berth::router
