#include "operator/world/epoch_claim.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "api/codec.h"
#include "base/saturating.h"
#include "operator/world/status_write.h"

namespace berth::control {

void EpochClaim::begin(int64_t elections) {
  epoch_ = std::max(elections, epoch_ == 0 ? 0 : add_saturating(epoch_, 1));
  is_overtaken_ = false;
  claimed_.clear();
  for (const api::Quota& quota : stores_.quotas.all()) {
    epoch_ = std::max(epoch_, add_saturating(quota.status.epoch, 1));
  }
}

bool EpochClaim::is_done() const {
  const auto& quotas = stores_.quotas.all();
  return std::all_of(quotas.begin(), quotas.end(), [&](const api::Quota& quota) {
    return quota.status.epoch == epoch_ && claimed_.contains(quota.meta.uid);
  });
}

runtime::Next EpochClaim::reconcile(const runtime::ObjectKey& key, runtime::Writes writes) {
  const api::Quota* quota = stores_.quotas.find(key);
  if (quota == nullptr || epoch_ == 0) return {};
  const bool is_ours = quota->status.epoch == epoch_ && claimed_.contains(quota->meta.uid);
  if (is_ours) return {};
  // Its writes are all answered while a key is looked at.
  if (quota->status.epoch >= epoch_) {
    is_overtaken_ = true;
    return {};
  }
  api::Quota wanted = *quota;
  wanted.status.epoch = epoch_;
  writes.send(status_write(kube::kQuotas, quota->meta, api::to_json(wanted)),
              [this, claimed = epoch_](Json&& reply) {
                if (!first_accepted_) first_accepted_ = clock_.monotonic();
                auto stored = api::from_json<api::Quota>(reply);
                if (!stored) return;
                if (claimed == epoch_) claimed_.insert(stored->meta.uid);
                stores_.quotas.upsert(*std::move(stored));
              });
  return {};
}

}  // namespace berth::control
