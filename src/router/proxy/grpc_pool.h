#pragma once
#include <map>
#include <memory>
#include <set>
#include <string>

#include "router/proxy/call.h"
#include "router/proxy/loop.h"

namespace berth::router {

class GrpcUpstream;

// One thread's connections to replicas over HTTP/2: one for each, a stream per request.
class GrpcPool {
 public:
  explicit GrpcPool(Loop& loop) : loop_(loop) {}
  ~GrpcPool();
  GrpcPool(const GrpcPool&) = delete;
  GrpcPool& operator=(const GrpcPool&) = delete;

  std::shared_ptr<Attempt> send(const Replica& replica, const Call& call, Moment deadline,
                                std::shared_ptr<AnswerSink> sink);
  void keep_only(const std::set<std::string>& replicas);  // by id; what is in hand is finished
  void close_idle(Moment now);

 private:
  Loop& loop_;
  std::map<std::string, std::shared_ptr<GrpcUpstream>> connections_;  // by the replica's id
};

}  // namespace berth::router
