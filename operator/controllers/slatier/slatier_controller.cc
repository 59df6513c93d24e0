#include "operator/controllers/slatier/slatier_controller.h"

#include <nlohmann/json.hpp>

#include "api/codec.h"
#include "kube/request.h"
#include "operator/world/status_write.h"

namespace berth::control {

runtime::Next SlaTierController::reconcile(const runtime::ObjectKey& key, runtime::Writes writes) {
  const api::SlaTier* tier = stores_.tiers.find(key);
  if (tier == nullptr || tier->meta.deletion) return {};
  api::SlaTier wanted = *tier;
  wanted.status = decide(*tier, accounts_.facts(key.name), clock_.now());
  if (wanted.status == tier->status) return {};
  const Monotonic now = clock_.monotonic();
  const auto last = written_.find(key.name);
  const Monotonic due = last == written_.end() ? now : last->second + settings_.tier_refresh;
  if (now < due) return {clock_.now() + (due - now)};
  written_[key.name] = now;
  writes.send(status_write(kube::kSlaTiers, tier->meta, api::to_json(wanted)),
              [this](Json&& reply) {
                auto stored = api::from_json<api::SlaTier>(reply);
                if (stored) stores_.tiers.upsert(*std::move(stored));
              });
  return {};
}

}  // namespace berth::control
