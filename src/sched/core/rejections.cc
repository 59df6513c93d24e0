#include "sched/core/rejections.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "sched/core/choice.h"
#include "sched/fleet/fragmentation.h"

namespace berth::sched {
namespace {

Rejected devices(const Alternative& wants) {
  return {.what = Rejected::What::Devices,
          .name = column_of(wants.device_class, wants.region.value_or(""))};
}

// A look says more only once it is sure that the ask is held: see Attempts::why().
Rejected unavailable(const Alternative& wants, const Look& look) {
  if (look.said) return unavailable(wants, *look.said);
  Rejected made = devices(wants);
  made.why = Rejected::Why::Unavailable;
  if (look.obstacle == Look::Obstacle::NotListed) {
    made.reason = Reason::NoSuchDevice;
    return made;
  }
  made.taken = wants.total();
  if (look.refusal) {
    made.reason = look.refusal->lent_out ? Reason::LentOut : Reason::OverQuota;
    made.its = look.refusal->leaves;
    return made;
  }
  const bool is_too_large = look.obstacle == Look::Obstacle::TooLarge;
  made.its = is_too_large ? look.stock.exist : look.stock.free;
  if (is_too_large) {
    made.reason = look.stock.exist == 0 ? Reason::NoSuchDevice : Reason::TooLarge;
  } else {
    made.reason = look.stock.free < made.taken ? Reason::NoCapacity : Reason::Fragmented;
  }
  return made;
}

}  // namespace

Rejected unavailable(const Alternative& wants, const Hold& hold) {
  Rejected made = devices(wants);
  made.why = Rejected::Why::Unavailable;
  made.reason = hold.reason;
  return made;
}

std::vector<Rejected> rejected_alternatives(const Ask& ask, size_t taken, int64_t workers,
                                            const std::vector<Tried>& tried,
                                            const Outlook& outlook) {
  std::vector<Rejected> rejected;
  const auto is_full = [&] { return rejected.size() >= kMostRejected; };
  size_t looked_at = 0;
  for (const Tried& one : tried) {
    looked_at = std::max(looked_at, one.alternative + 1);
    if (is_full()) continue;
    Alternative wants = ask.alternatives[one.alternative];
    wants.counts.resize(static_cast<size_t>(one.workers));
    rejected.push_back(unavailable(wants, one.look));
    if (one.workers != workers) rejected.back().workers = one.workers;
  }
  if (is_full() || std::max(looked_at, taken + 1) >= ask.alternatives.size()) return rejected;
  const Choice choice(ask, outlook);
  const Alternative& has = ask.alternatives[taken];
  for (size_t at = looked_at; at < ask.alternatives.size() && !is_full(); ++at) {
    const Alternative& wants = ask.alternatives[at];
    if (at == taken) continue;
    rejected.push_back(devices(wants));
    const bool is_compared = Choice::is_open(ask) && choice.competes(wants) &&
                             choice.competes(has) && choice.cost(wants) > choice.cost(has);
    if (!is_compared) continue;
    rejected.back().why = Rejected::Why::Dearer;
    rejected.back().its = choice.cost(wants);
    rejected.back().taken = choice.cost(has);
  }
  return rejected;
}

void add_beside(const World& world, const Beside& beside, Admit& admit) {
  if (beside.domain) {
    admit.rejected.push_back({.what = Rejected::What::Domain,
                              .why = Rejected::Why::Worse,
                              .name = beside.domain->level + "=" + beside.domain->value,
                              .its = beside.domain->free_milli / kWholeDevice,
                              .taken = beside.domain->taken_milli / kWholeDevice});
  }
  if (!beside.node) return;
  const NodeId& id = world.fleet().facts(beside.node->node).id;
  if (std::find(admit.nodes.begin(), admit.nodes.end(), id) != admit.nodes.end()) return;
  admit.rejected.push_back({.what = Rejected::What::Node,
                            .why = Rejected::Why::Worse,
                            .name = name_of(id),
                            .its = beside.node->score / Fragmentation::kScale,
                            .taken = beside.node->best / Fragmentation::kScale});
}

void add_rejected(std::vector<Rejected> rejected, Admit& admit) {
  if (rejected.size() + admit.rejected.size() > kMostRejected) {
    rejected.resize(kMostRejected - std::min(kMostRejected, admit.rejected.size()));
  }
  std::move(admit.rejected.begin(), admit.rejected.end(), std::back_inserter(rejected));
  admit.rejected = std::move(rejected);
}

}  // namespace berth::sched
