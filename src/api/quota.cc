#include "api/quota.h"

#include <algorithm>

namespace berth::api {
namespace {

template <class Entry>
const Entry* find_entry(const std::vector<Entry>& entries, const QuotaUse& use) {
  const auto found = std::find_if(entries.begin(), entries.end(), [&](const Entry& entry) {
    return entry.device_class == use.device_class && entry.region == use.region;
  });
  return found == entries.end() ? nullptr : &*found;
}

bool is_within_limits(const QuotaSpec& spec, const QuotaUse& use) {
  const QuotaLimit* limit = find_entry(spec.limits, use);
  const int64_t guaranteed = limit == nullptr ? 0 : limit->guaranteed;
  const int64_t borrowing = limit == nullptr ? 0 : limit->borrowing_limit;
  if (use.used <= guaranteed + borrowing) return true;
  return spec.namespaces.empty() && use.used <= use.subtree_guaranteed + borrowing;
}

}  // namespace

std::string summary_of(const QuotaSpec& spec, const QuotaStatus& status) {
  std::string summary;
  for (const QuotaUse& use : status.limits) {
    const QuotaLimit* limit = find_entry(spec.limits, use);
    const int64_t guaranteed = limit == nullptr ? 0 : limit->guaranteed;
    // A Quota with Quotas below it has their guarantees to give.
    const int64_t whole = std::max(guaranteed, use.subtree_guaranteed);
    summary += (summary.empty() ? "" : ", ") + use.device_class;
    if (!use.region.empty()) summary += "@" + use.region;
    summary += " " + std::to_string(use.used) + "/" + std::to_string(whole);
    if (use.borrowed > 0) summary += " (" + std::to_string(use.borrowed) + " borrowed)";
  }
  return summary;
}

bool keeps_epoch(const Quota& now, const Quota& old) {
  return now.status.epoch >= old.status.epoch;
}

bool keeps_use_within_limits(const Quota& now, const Quota& old) {
  return std::all_of(now.status.limits.begin(), now.status.limits.end(), [&](const QuotaUse& use) {
    const QuotaUse* before = find_entry(old.status.limits, use);
    return is_within_limits(now.spec, use) || (before != nullptr && use.used <= before->used);
  });
}

bool moves_only_while_unused(const Quota& now, const Quota& old) {
  return now.spec.parent == old.spec.parent ||
         std::all_of(old.status.limits.begin(), old.status.limits.end(),
                     [](const QuotaUse& use) { return use.used == 0; });
}

}  // namespace berth::api
