#pragma once
#include <functional>
#include <map>
#include <set>
#include <string>

#include "base/clock.h"
#include "json/json_fwd.h"
#include "operator/controllers/foreignpod/foreignpod_plan.h"
#include "operator/scheduling/foreign_desk.h"
#include "operator/world/stores.h"
#include "runtime/controller.h"
#include "runtime/recorder.h"

namespace berth::control {

// Admits accelerator pods that Berth did not make: writes the plan on them, pins them, takes off
// the gate.
class ForeignPodController final : public runtime::Reconciler {
 public:
  ForeignPodController(Stores& stores, const Books& books, ForeignDesk& desk,
                       runtime::Recorder& recorder, const Settings& settings, const Clock& clock);

  // Whether by now no other leader's writes can be on their way, nor be unseen. By the clock at the
  // moment of the call.
  std::function<bool()> is_settled;

  // `key` is a unit's (ForeignUnit::key).
  runtime::Next reconcile(const runtime::ObjectKey& key, runtime::Writes writes) override;

 private:
  ForeignFacts gather(const ForeignUnit& unit);
  bool repeat_unanswered(const ForeignUnit& unit, runtime::Writes& writes);
  void send(const translate::Pod& pod, kube::Request request, runtime::Writes& writes);
  void take(const Json& reply);
  void patch(const translate::Pod& pod, const Json& operations, runtime::Writes& writes);
  void tell(const translate::Pod& pod, bool warning, std::string reason, std::string action,
            std::string text);
  void tell_once(const ForeignUnit& unit, const std::string& reason, const std::string& text);
  std::optional<Instant> tell_incomplete(const ForeignUnit& unit);

  Stores& stores_;
  const Books& books_;
  ForeignDesk& desk_;
  runtime::Recorder& recorder_;
  const Settings& settings_;
  const Clock& clock_;
  std::map<std::string, Monotonic> let_go_at_;      // when first seen pinned and free, by UID
  std::map<runtime::ObjectKey, std::string> told_;  // why it waits, as last told, by unit
  // Plans that were taken back and pods that were let go without an answer, by UID.
  struct Unanswered {
    std::string version;  // that it was decided on
    kube::Request request;
  };
  std::map<std::string, Unanswered> unanswered_;
  std::set<std::string> planned_;  // pods whose plan we have written, by UID
};

}  // namespace berth::control
