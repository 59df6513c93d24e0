#include "cli/queue_quotas.h"

#include <algorithm>
#include <string>

#include "api/codec.h"
#include "base/saturating.h"

namespace berth::cli {
namespace {

using sim::queue::QueueSetup;
using sim::queue::Tenant;
using sim::queue::Tier;

Error wrong(const Document& document, const std::string& what) {
  return {Code::Invalid, document.place + ": " + what};
}

std::string kind_of(const Document& document) {
  const auto kind = document.value.find("kind");
  return kind != document.value.end() && kind->is_string() ? kind->get<std::string>() : "";
}

Status give(const api::Quota& quota, Tenant& tenant) {
  tenant.weight = quota.spec.weight;
  tenant.lending_limit.reset();
  for (const api::QuotaLimit& limit : quota.spec.limits) {
    tenant.guaranteed = add_saturating(tenant.guaranteed, limit.guaranteed);
    tenant.borrowing_limit = add_saturating(tenant.borrowing_limit, limit.borrowing_limit);
    if (!limit.lending_limit) continue;
    tenant.lending_limit = add_saturating(tenant.lending_limit.value_or(0), *limit.lending_limit);
  }
  if (!quota.spec.tiers.empty()) tenant.tier = quota.spec.tiers.front();
  return Done{};
}

Status apply_quota(const Document& document, QueueSetup& setup, std::vector<bool>& has_quota) {
  const auto quota = api::from_json<api::Quota>(document.value);
  if (!quota) return wrong(document, quota.error().message);
  const api::QuotaSpec& spec = quota->spec;
  if (!spec.parent.empty()) return wrong(document, "spec.parent: not simulated");
  if (spec.budget) return wrong(document, "spec.budget: not simulated");
  for (const api::QuotaLimit& limit : spec.limits) {
    if (!limit.region.empty()) return wrong(document, "spec.limits[].region: not simulated");
  }
  if (spec.weight < 1) return wrong(document, "spec.weight: want at least 1");
  bool is_used = false;
  for (size_t at = 0; at < setup.tenants.size(); ++at) {
    const std::string& name = setup.tenants[at].name;
    const bool is_its =
        quota->meta.name == name ||
        std::find(spec.namespaces.begin(), spec.namespaces.end(), name) != spec.namespaces.end();
    if (!is_its) continue;
    if (has_quota[at]) return wrong(document, "a second Quota of the tenant " + name);
    if (is_used) return wrong(document, "one Quota of two tenants: " + name + " and one before");
    BERTH_TRY(give(*quota, setup.tenants[at]));
    has_quota[at] = true;
    is_used = true;
  }
  if (!is_used) return wrong(document, "no trace is named like this Quota or its namespaces");
  return Done{};
}

Result<Tier> read_tier(const Document& document) {
  const auto tier = api::from_json<api::SlaTier>(document.value);
  if (!tier) return wrong(document, tier.error().message);
  if (tier->spec.window_seconds < 1) return wrong(document, "spec.windowSeconds: want at least 1");
  Tier read{.name = tier->meta.name,
            .device_time_percent = tier->spec.device_time_percent,
            .window = std::chrono::seconds(tier->spec.window_seconds),
            .order = tier->spec.order,
            .preemptible = tier->spec.preemptible,
            .min_runtime = std::chrono::seconds(tier->spec.min_runtime_seconds)};
  if (const auto& most = tier->spec.max_queue_seconds) read.max_queue = std::chrono::seconds(*most);
  return read;
}

}  // namespace

Status apply_quotas(const std::vector<Document>& documents, QueueSetup& setup) {
  std::vector<bool> has_quota(setup.tenants.size(), false);
  std::vector<Tier> tiers;
  for (const Document& document : documents) {
    if (kind_of(document) == "Quota") {
      BERTH_TRY(apply_quota(document, setup, has_quota));
    } else if (kind_of(document) == "SlaTier") {
      tiers.push_back(BERTH_TRY(read_tier(document)));
    } else {
      return wrong(document, "want the kind Quota or SlaTier, got '" + kind_of(document) + "'");
    }
  }
  if (!tiers.empty()) setup.tiers = std::move(tiers);
  for (size_t at = 0; at < has_quota.size(); ++at) {
    if (has_quota[at]) continue;
    return Error{Code::Invalid, "tenant " + setup.tenants[at].name + ": has no Quota in the file"};
  }
  return Done{};
}

}  // namespace berth::cli
