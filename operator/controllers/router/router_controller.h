#pragma once
#include <functional>
#include <string>

#include "base/clock.h"
#include "operator/world/settings.h"
#include "operator/world/stores.h"
#include "runtime/controller.h"

namespace berth::control {

// Keeps one berth-router in every namespace that has InferenceEndpoints, and none in the others.
// Its keys are namespaces.
class RouterController final : public runtime::Reconciler {
 public:
  RouterController(Stores& stores, const Settings& settings, const Clock& clock)
      : stores_(stores), settings_(settings), clock_(clock) {}

  runtime::Next reconcile(const runtime::ObjectKey& key, runtime::Writes writes) override;

 private:
  void install(const std::string& name_space, const RouterDeployment* there,
               runtime::Writes& writes);
  void uninstall(const RouterDeployment& there, runtime::Writes& writes);
  void disarm(const std::string& name_space, runtime::Writes& writes,
              std::function<void()> gone = {});

  Stores& stores_;
  const Settings& settings_;
  const Clock& clock_;
};

}  // namespace berth::control
