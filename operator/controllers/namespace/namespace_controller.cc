#include "operator/controllers/namespace/namespace_controller.h"

#include <nlohmann/json.hpp>

#include "kube/request.h"
#include "operator/world/settings.h"

namespace berth::control {

runtime::Next NamespaceController::reconcile(const runtime::ObjectKey& key,
                                             runtime::Writes writes) {
  const Named* name_space = stores_.namespaces.find(key);
  if (name_space == nullptr || name_space->meta.deletion) return {};
  const std::string label(kQuotaLabel);
  const sched::QuotaId* quota = books_.tenancy().find(key.name);
  const auto has = name_space->meta.labels.find(label);
  const bool is_right = quota == nullptr
                            ? has == name_space->meta.labels.end()
                            : has != name_space->meta.labels.end() && has->second == quota->name;
  if (is_right) return {};
  const Json patch = {
      {"metadata",
       {{"uid", name_space->meta.uid},
        {"labels", {{label, quota == nullptr ? Json(nullptr) : Json(quota->name)}}}}}};
  writes.send(kube::patch_merge(kube::kNamespaces, "", key.name, patch), [this](Json&& reply) {
    auto stored = decode_named(reply);
    if (stored) stores_.namespaces.upsert(*std::move(stored));
  });
  return {};
}

}  // namespace berth::control
