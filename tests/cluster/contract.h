#pragma once
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "kube/request.h"
#include "kube/resource.h"
#include "kube/transport.h"

// The rules of an API server that Berth leans on, as tests that run against the one in memory and
// against a real one: what the fake claims, the real one has been seen to do.
namespace berth::cluster {

// A kind of our own with status and scale subresources; spec.count may not be below zero.
inline constexpr kube::Resource kWidgets{"contract.berth.dev", "v1", "widgets", "Widget"};

// A server under contract.
class ContractServer {
 public:
  virtual ~ContractServer() = default;
  virtual kube::Transport& transport() = 0;
  virtual const Clock& clock() = 0;
  // Lets `time` pass, and everything arrive and be collected that is under way.
  virtual void let_pass(Millis time) = 0;
};

struct ServerChoice {
  const char* name;
  std::unique_ptr<ContractServer> (*start)();  // nullptr: there is none, skip
};
std::ostream& operator<<(std::ostream& out, const ServerChoice& choice);

std::unique_ptr<ContractServer> start_fake();
std::unique_ptr<ContractServer> start_real();  // the one of BERTH_TEST_KUBECONFIG

// One watch and what it has told so far.
class WatchLog {
 public:
  WatchLog(ContractServer& server, kube::Request request);
  ~WatchLog();
  WatchLog(const WatchLog&) = delete;
  WatchLog& operator=(const WatchLog&) = delete;

  // "ADDED a", "DELETED a", "BOOKMARK end" (of the initial events), "BOOKMARK", "ERROR 410".
  std::vector<std::string> words() const;
  const std::vector<Json>& events() const { return events_; }
  bool ended() const { return ended_.has_value(); }
  const std::optional<Status>& end() const { return ended_; }

 private:
  ContractServer& server_;
  kube::StreamId id_;
  std::vector<Json> events_;
  std::optional<Status> ended_;
};

// Every test has a namespace of its own, which goes afterwards.
class Contract : public testing::TestWithParam<ServerChoice> {
 protected:
  void SetUp() override;
  void TearDown() override;

  ContractServer& server() { return *server_; }
  const std::string& ns() const { return ns_; }

  Result<Json> ask(kube::Request request);
  // The same for what has to go well; null otherwise.
  Json must(kube::Request request);
  // The code of a refusal; Internal (which no server gives) when it was accepted.
  Code refusal(kube::Request request);
  bool eventually(const std::function<bool()>& holds);

  // Objects of this test's namespace.
  Json widget(const std::string& name, int count = 1) const;
  Json config_map(const std::string& name) const;
  Json pod(const std::string& name) const;
  Json bound_pod(const std::string& name);  // created and bound to the node "node-x"
  bool exists(const kube::Resource& resource, const std::string& name);
  Json get(const kube::Resource& resource, const std::string& name);
  Json scope(const std::string& name) const;  // metadata with that name and our namespace

 private:
  std::unique_ptr<ContractServer> server_;
  std::string ns_;
};

std::string version_of(const Json& object);
std::string uid_of(const Json& object);
std::vector<std::string> names_of(const Json& list);
Json owner_reference(const kube::Resource& kind, const Json& owner);

}  // namespace berth::cluster
