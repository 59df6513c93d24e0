#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "base/log.h"
#include "http/metrics.h"
#include "operator/extender/binder.h"
#include "operator/extender/caches.h"
#include "operator/extender/mailbox.h"
#include "operator/extender/service.h"
#include "operator/extender/shared_view.h"
#include "tests/integration/cluster.h"

namespace berth::simulation {

// One run of berth-extender: it and its connection live and die together.
struct Extender {
  Extender(kube::fake::FakeServer& server, const Clock& clock, Log& log, uint64_t seed);

  kube::fake::FakeTransport transport;
  extender::SharedView view;
  extender::Caches caches;
  http::Metrics metrics;
  extender::Binder binder;
  extender::Mailbox mailbox;
  extender::Service service;
  Monotonic wake{};
};

// kube-scheduler as Berth meets it, with the real extender as its sidecar: every pod that is let go
// is filtered and then bound through the extender, one call at a time per pod, with a timeout and a
// backoff. What it thinks is free is what the server says.
class Scheduler final : public integration::Part {
 public:
  explicit Scheduler(integration::Cluster& cluster);

  bool turn() override;
  Monotonic next() const override;

  // The sidecar ends, with all that it was about to answer, and starts anew.
  void restart_extender();
  kube::fake::FakeTransport& line() { return extender_->transport; }
  void pod_changed(const Json& pod, bool is_gone);

 private:
  using Name = std::pair<std::string, std::string>;  // namespace, pod
  struct Waiting {
    std::string uid;
    Monotonic due{};    // when it is tried again, or its call has timed out
    uint64_t call = 0;  // that it waits for; 0: none
    int tries = 0;
  };

  bool serve();  // the extender does one thing
  void filter(const Name& name, Waiting& waiting);
  void filtered(const Name& name, uint64_t call, const http::Response& response);
  void bind(const Name& name, Waiting& waiting, const std::string& node);
  void back_off(Waiting& waiting);
  // The pod that waits for the answer to this call, if it still does.
  Waiting* waits_for(const Name& name, uint64_t call);

  integration::Cluster& cluster_;
  NoLog log_;
  std::unique_ptr<Extender> extender_;
  std::map<Name, Waiting> waiting_;
  uint64_t calls_ = 0;
  uint64_t runs_ = 0;
};

}  // namespace berth::simulation
