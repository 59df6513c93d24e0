#pragma once
#include <string>
#include <vector>

#include "sched/facts.h"
#include "sched/policy/policy.h"

namespace berth::sched {

// Whether a node can meet the term, by what it is. Of a domain or an affinity that is whether it is
// in a domain of the level at all: where the work's workers are, and where others', comes later.
bool can_meet(const Term& term, const Node& node);
bool can_meet_all(const std::vector<Term>& terms, const Node& node);

// The value of a level's label at a node; empty without one. A node is its own host.
const std::string& domain_of(const Node& node, const std::string& level);

// Whether no place can meet both, whatever nodes there are: disjoint values of one label, disjoint
// classes, together and spread at one level.
bool contradict(const Term& a, const Term& b);
bool contradict(const std::vector<Term>& a, const std::vector<Term>& b);

std::string text_of(const Term& term);                // "berth.dev/region in eu, us"
std::string text_of(const std::vector<Term>& terms);  // " and " between them

}  // namespace berth::sched
