#pragma once
#include "cli/command.h"

namespace berth::cli {

// kubectl-berth quota [NAME]: the tree of Quotas with what each uses of what it may use.
void add_quota(CLI::App& parent, Action& chosen);

}  // namespace berth::cli
