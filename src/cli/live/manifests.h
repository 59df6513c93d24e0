#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "cli/documents.h"
#include "cli/live/facts.h"

namespace berth::cli {

enum class Applied { Create, Update, Unchanged };
std::string_view name_of(Applied applied);

// An object of a manifest, and what applying it would do to the one that is there.
struct AppliedObject {
  std::string kind;
  std::string name_space;  // empty for cluster-scoped kinds
  std::string name;
  std::string uid;
  Applied applied = Applied::Unchanged;
  std::string problem = {};  // why it would count for nothing, of a CapacityPool
};

// The kinds that can be planned, "A, B and C".
std::string planned_kinds();

// Puts the objects into what was read of the cluster, as `kubectl apply` would. New ones are
// created `now`. What follows from the pools is not worked out: see enter_pools(). Errors: Invalid,
// with file and line: what the API server would refuse, and kinds that are not planned.
Result<std::vector<AppliedObject>> apply_manifests(const std::vector<Document>& documents,
                                                   const std::string& name_space, Instant now,
                                                   Live& live);

}  // namespace berth::cli
