#pragma once
#include <string>
#include <vector>

#include "api/quota.h"

namespace berth::cli {

// A Quota of the tree, with how many are above it.
struct QuotaLine {
  const api::Quota* quota = nullptr;
  size_t depth = 0;
};

// Parents before their children, by name among siblings, starting at the roots or at `root` alone.
// A Quota whose parent is missing or below it stands as a root: its condition says so.
std::vector<QuotaLine> quota_lines(const std::vector<api::Quota>& quotas, const std::string& root);

std::string quota_json(const std::vector<QuotaLine>& lines);
std::string quota_table(const std::vector<QuotaLine>& lines);

}  // namespace berth::cli
