#pragma once
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "kube/fake/fake_server.h"
#include "kube/fake/model_kubelet.h"

namespace berth::integration {

// What the workers of a job, or of an image, do once they run.
struct Behaviour {
  Millis loads{0};         // until they are ready
  Millis runs{0};          // 0: for ever
  std::vector<int> exits;  // by attempt; 0 for every further one
};

// The kubelets of all nodes, and the workers that they run. Looks only at pods that have changed or
// whose time has come, so that a turn costs what happens in it and not what there is.
class Kubelets {
 public:
  Kubelets(kube::fake::FakeServer& server, const Clock& clock)
      : server_(server), clock_(clock), kubelet_(server, clock) {}

  // Of a job's own behaviour and its image's, the job's counts.
  void behaves(const std::string& job_or_image, Behaviour behaviour);
  void rejects(const std::string& node, const std::string& reason);  // empty: no longer
  void starts_nothing(const std::string& node, bool on);
  void ends_nothing(const std::string& node, bool on);

  void pod_changed(const Json& pod);  // or is new, or gone
  void look_at_all();                 // nobody told what has changed

  // Does what is due, with `after_each` after each pod. Whether anything changed.
  bool turn(const std::function<void()>& after_each);
  Monotonic next() const;  // when the next worker is ready or ends

 private:
  using Name = std::pair<std::string, std::string>;  // namespace, name
  struct Node {
    std::string rejects;
    bool starts = true;
    bool ends = true;
  };

  void tend(const Name& name);
  void tend_bound(const Name& name, const Node& node, const Json& pod);
  void start(const Name& name, const Json& pod);
  void run(const Name& name, const Json& pod);
  void finish(const Name& name, const Json& pod);
  const Behaviour& behaviour_of(const Json& pod) const;
  // When that long has passed since the worker started; max() where it has not started.
  Monotonic after_start(const Json& pod, Millis time) const;

  kube::fake::FakeServer& server_;
  const Clock& clock_;
  kube::fake::ModelKubelet kubelet_;
  std::map<std::string, Behaviour> behaviours_;  // by job or image
  std::map<std::string, Node> nodes_;
  std::set<Name> touched_;         // in the order in which they are looked at
  std::map<Name, Monotonic> due_;  // of workers that run and will be ready or end
};

}  // namespace berth::integration
