#include "decisionlog/holds.h"

#include <set>
#include <utility>

namespace berth::decisionlog {

// By text, in the order of the decisions.
std::vector<Holds::Group> Holds::groups_of(const std::vector<sched::Decision>& decisions) const {
  std::vector<Group> groups;
  std::map<Text, size_t> by_text;
  size_t last = 0;  // neighbours are often alike
  for (const sched::Decision& decision : decisions) {
    const auto* hold = std::get_if<sched::Hold>(&decision);
    if (hold == nullptr) continue;
    const auto is_of = [&](const Text& text) {
      return std::get<0>(text) == hold->reason && std::get<2>(text) == hold->starts &&
             std::get<1>(text) == hold->message;
    };
    if (groups.empty() || !is_of(groups[last].text)) {
      const auto [at, is_new] =
          by_text.try_emplace(Text(hold->reason, hold->message, hold->starts), groups.size());
      if (is_new) groups.push_back({.text = at->first, .members = {}});
      last = at->second;
    }
    groups[last].members.push_back(hold);
  }
  return groups;
}

// A group keeps the number of its very text, else that of its first member, else it gets the least
// that is free.
void Holds::number(std::vector<Group>& groups) const {
  std::map<Text, int64_t> before;
  for (const auto& [number, text] : texts_) before.emplace(text, number);
  std::set<int64_t> taken;
  for (Group& group : groups) {
    const auto same = before.find(group.text);
    if (same != before.end() && taken.insert(same->second).second) group.number = same->second;
  }
  for (Group& group : groups) {
    if (group.number >= 0) continue;
    const auto first = of_.find(group.members.front()->id);
    if (first != of_.end() && taken.insert(first->second).second) group.number = first->second;
  }
  int64_t free = 0;
  for (Group& group : groups) {
    if (group.number >= 0) continue;
    while (!taken.insert(free).second) ++free;
    group.number = free;
  }
}

HoldChange Holds::next(const std::vector<sched::Decision>& decisions) {
  std::vector<Group> groups = groups_of(decisions);
  number(groups);
  HoldChange change;
  std::map<int64_t, Text> texts;
  std::map<sched::WorkloadId, int64_t> of;
  for (Group& group : groups) {
    const auto before = texts_.find(group.number);
    if (before == texts_.end() || before->second != group.text) {
      const auto& [reason, message, starts] = group.text;
      change.texts.push_back({group.number, reason, message, starts});
    }
    for (const sched::Hold* hold : group.members) {
      const auto was = of_.find(hold->id);
      if (was == of_.end() || was->second != group.number) change.of[hold->id] = group.number;
      of.emplace(hold->id, group.number);
    }
    texts.emplace(group.number, std::move(group.text));
  }
  for (const sched::Decision& decision : decisions) {
    if (std::holds_alternative<sched::Hold>(decision)) continue;
    of_.erase(
        std::visit([](const auto& one) -> const sched::WorkloadId& { return one.id; }, decision));
  }
  for (const auto& [id, number] : of_) {
    if (!of.contains(id)) change.left.push_back(id);
  }
  texts_ = std::move(texts);
  of_ = std::move(of);
  return change;
}

Status Holds::apply(const HoldChange& change, const std::vector<sched::WorkloadId>& decided) {
  for (const HoldText& text : change.texts) {
    texts_[text.number] = {text.reason, text.message, text.starts};
  }
  for (const auto* gone : {&change.left, &decided}) {
    for (const sched::WorkloadId& id : *gone) of_.erase(id);
  }
  for (const auto& [id, number] : change.of) of_[id] = number;
  std::map<int64_t, Text> texts;
  for (const auto& [id, number] : of_) {
    const auto text = texts_.find(number);
    if (text == texts_.end()) {
      return Error{Code::Invalid, "hold: text " + std::to_string(number) + " is missing"};
    }
    texts.insert(*text);
  }
  texts_ = std::move(texts);
  return Done{};
}

sched::Hold Holds::hold(const sched::WorkloadId& id) const {
  const auto& [reason, message, starts] = texts_.at(of_.at(id));
  return {id, reason, message, starts};
}

}  // namespace berth::decisionlog
