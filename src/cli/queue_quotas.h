#pragma once
#include <vector>

#include "base/result.h"
#include "cli/documents.h"
#include "sim/queue/replay.h"

namespace berth::cli {

// Gives the tenants of a setup what the Quotas among the documents say, and takes the SlaTiers
// there, if any, in place of the usual ones. The Quota of a tenant lists its name among its
// namespaces, or is named like it. Limits count together whatever their class, since the simulated
// cluster has only one; of the tiers the first is that of all its jobs.
// Errors: Invalid with the place: other kinds, a field that is not simulated (parent, budget), a
// Quota of no tenant, a tenant with two Quotas or none.
Status apply_quotas(const std::vector<Document>& documents, sim::queue::QueueSetup& setup);

}  // namespace berth::cli
