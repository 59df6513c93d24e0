#pragma once
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "router/proxy/call.h"
#include "router/proxy/loop.h"

namespace berth::router {

class RestUpstream;

// One thread's connections to replicas over HTTP/1.1: kept open between requests, one request at a
// time each, the one that was used last first.
class RestPool {
 public:
  explicit RestPool(Loop& loop) : loop_(loop) {}
  ~RestPool();
  RestPool(const RestPool&) = delete;
  RestPool& operator=(const RestPool&) = delete;

  std::shared_ptr<Attempt> send(const Replica& replica, const Call& call, Moment deadline,
                                std::shared_ptr<AnswerSink> sink);
  void keep_only(const std::set<std::string>& replicas);  // by id; what is in hand is finished
  void close_idle(Moment now);

  void put_back(const std::shared_ptr<RestUpstream>& connection);
  void forget(const RestUpstream& connection);

 private:
  Loop& loop_;
  std::set<std::string> listed_;
  std::map<std::string, std::vector<std::shared_ptr<RestUpstream>>> idle_;  // by the replica's id
};

}  // namespace berth::router
