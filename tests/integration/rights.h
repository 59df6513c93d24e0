#pragma once
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "kube/fake/fake_transport.h"
#include "kube/transport.h"
#include "operator/world/settings.h"

namespace berth::integration {

// What an account may do, as RBAC understands it, from the reviewed list of the chart's rights.
class Rights {
 public:
  // Those of a list in tests/charts/golden, of this account. Empty when the file is not there.
  static Rights of(std::string_view account, const std::string& list = "rbac.txt");

  // One line of that list: "pods * * create,delete" for what, namespace, object and verbs.
  void add(const std::string& resource, const std::string& name_space, const std::string& name,
           const std::string& verbs);

  void add(const Rights& others);

  bool allow(const kube::Request& request) const;
  // All of them, each as "patch pods" or "get leases.coordination.k8s.io berth-operator".
  std::set<std::string> all() const;
  // Those, of all(), that allow this request.
  std::set<std::string> for_request(const kube::Request& request) const;
  // What they do not allow is answered with 403 on this connection, and told to `missed`.
  void refuse_others(kube::fake::FakeTransport& transport,
                     std::function<void(const std::string& right)> missed) const;
  // Takes off `unused` what the requests of this connection use. They have to outlive it.
  void note_use(kube::fake::FakeTransport& transport, std::set<std::string>& unused) const;

 private:
  struct Rule {
    std::string resource;    // "pods/eviction", "gpujobs.berth.dev"
    std::string name_space;  // "*": every one, and none
    std::string name;        // "*": any
    std::string verb;
    std::string text() const { return verb + " " + resource + (name == "*" ? "" : " " + name); }
  };
  std::vector<Rule> rules_;
};

// What the chart gives the operator when it is set so.
Rights rights_of(const control::Settings& settings);

// Told about every connection of an operator of a Cluster. Tests of stories hold it to what the
// chart grants, so that nothing is seen to work with a right that the chart does not give; a
// simulation does without. Every program that links cluster.cc has its own.
void guard(kube::fake::FakeTransport& transport, const control::Settings& settings);

}  // namespace berth::integration
