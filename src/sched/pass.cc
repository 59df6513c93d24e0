#include "sched/pass.h"

#include <algorithm>
#include <array>
#include <map>
#include <tuple>
#include <utility>

#include "base/text.h"

namespace berth::sched {
namespace {

bool goes_first(const Ask& a, const Ask& b) {
  if (a.priority != b.priority) return a.priority > b.priority;
  return std::tie(a.created, a.name, a.id) < std::tie(b.created, b.name, b.id);
}

std::string count_of(int64_t devices, const DeviceClass& device_class) {
  return std::to_string(devices) + " " + device_class;
}

std::string whose(const Ask& ask, const QuotaId& at) {
  if (at == *ask.quota) return "quota";
  return at.name.empty() ? "the pool" : "quota " + at.name;
}

Hold over_quota(const Ask& ask, const Alternative& wants, const QuotaRefusal& no) {
  std::string message = "wants " + count_of(no.wants, wants.device_class) + ", " +
                        whose(ask, no.at) + " leaves " + std::to_string(no.leaves);
  if (!no.lent_out) return {ask.id, Reason::OverQuota, std::move(message)};
  message += ": its guaranteed share is lent out and must be returned first";
  return {ask.id, Reason::LentOut, std::move(message)};
}

Hold not_listed(const Ask& ask, const Alternative& wants,
                const std::map<DeviceClass, Limit>& limits) {
  std::string listed;
  for (const auto& [device_class, limit] : limits) {
    listed += (listed.empty() ? "" : ", ") + device_class;
  }
  return {ask.id, Reason::NoSuchDevice,
          "wants " + count_of(wants.total(), wants.device_class) + ", quota " + ask.quota->name +
              " has no limit for that class, only for " + listed};
}

// "only 2 fit: of 3 nodes with 4 free 2 lack CPU and 1 failed its last plan"
std::string text_of(const Misfit& why) {
  std::string text =
      (why.placed == 0 ? "none fits: " : "only " + std::to_string(why.placed) + " fit: ");
  if (why.nodes == 0) return text + "no node has " + std::to_string(why.devices) + " free";
  text += "of " + count_text(why.nodes, "node") + " with " + std::to_string(why.devices) + " free ";
  const std::array<std::pair<int64_t, const char*>, 5> parts{{
      {why.not_selected, " not selected"},
      {why.avoided, " avoided since the last plan failed there"},
      {why.cpu, " without the CPU"},
      {why.memory, " without the memory"},
      {why.pods, " without room for a pod"},
  }};
  const char* between = "";
  for (const auto& [count, what] : parts) {
    if (count == 0) continue;
    text += between + std::to_string(count) + what;
    between = ", ";
  }
  return text;
}

Hold no_room(const Ask& ask, const Alternative& wants, const Shortfall& shortfall,
             const Misfit& why) {
  const std::string want = "wants " + count_of(shortfall.wants, wants.device_class);
  if (shortfall.exist == 0) {
    return {ask.id, Reason::NoSuchDevice, want + ", no usable node has any"};
  }
  if (shortfall.exist < shortfall.wants) {
    return {ask.id, Reason::TooLarge,
            want + ", usable nodes have " + std::to_string(shortfall.exist) + " in all"};
  }
  const std::string free =
      std::to_string(shortfall.free) + " of " + std::to_string(shortfall.exist) + " are free";
  if (shortfall.free < shortfall.wants) return {ask.id, Reason::NoCapacity, want + ", " + free};
  return {ask.id, Reason::Fragmented,
          want + " for " + count_text(static_cast<int64_t>(wants.counts.size()), "worker") + ", " +
              free + " but " + text_of(why)};
}

class Pass {
 public:
  explicit Pass(Snapshot& snapshot)
      : capacity_(std::move(snapshot.nodes)), tree_(snapshot.quotas, capacity_.usable()) {
    for (const auto& [quota, sums] : snapshot.used) {
      for (const auto& [device_class, devices] : sums) tree_.use(quota, device_class, devices);
    }
  }

  Decision decide(const Ask& ask) {
    const auto alike = ask.shape.empty() ? held_.end() : held_.find(ask.shape);
    if (alike != held_.end()) return Hold{ask.id, alike->second.reason, alike->second.message};
    Decision decision = look(ask);
    if (const auto* hold = std::get_if<Hold>(&decision); hold != nullptr && !ask.shape.empty()) {
      held_.emplace(ask.shape, *hold);
    }
    return decision;
  }

 private:
  Decision look(const Ask& ask) {
    if (!ask.quota) {
      return Hold{ask.id, Reason::NoQuota, "its namespace belongs to no Quota"};
    }
    if (!tree_.knows(*ask.quota)) {
      return Hold{ask.id, Reason::NoQuota,
                  "Quota " + ask.quota->name + " has a parent that is missing or a cycle"};
    }
    std::optional<Hold> first;
    for (const Alternative& wants : ask.alternatives) {
      Decision decision = try_one(ask, wants);
      if (std::holds_alternative<Admit>(decision)) return decision;
      if (!first) first = std::get<Hold>(std::move(decision));
    }
    if (first) return *std::move(first);
    return Hold{ask.id, Reason::NoSuchDevice, "asks for no device that its Quota has a limit for"};
  }

  Decision try_one(const Ask& ask, const Alternative& wants) {
    const auto& limits = tree_.limits(*ask.quota);
    if (!limits.contains(wants.device_class)) return not_listed(ask, wants, limits);
    if (const auto no = tree_.refuses(*ask.quota, wants.device_class, wants.total())) {
      return over_quota(ask, wants, *no);
    }
    Places places = capacity_.place(ask, wants);
    if (const auto* why = std::get_if<Misfit>(&places)) {
      return no_room(ask, wants, capacity_.shortfall(wants), *why);
    }
    tree_.use(*ask.quota, wants.device_class, wants.total());
    return Admit{ask.id, *ask.quota, wants.device_class, wants.counts,
                 std::get<std::vector<NodeId>>(std::move(places))};
  }

  Capacity capacity_;
  QuotaTree tree_;
  std::map<std::string_view, Hold> held_;  // by shape; the views are into the asks
};

}  // namespace

std::string_view name_of(Reason reason) {
  switch (reason) {
    case Reason::NoQuota: return "NoQuota";
    case Reason::OverQuota: return "OverQuota";
    case Reason::LentOut: return "LentOut";
    case Reason::NoSuchDevice: return "NoSuchDevice";
    case Reason::TooLarge: return "TooLarge";
    case Reason::NoCapacity: return "NoCapacity";
    case Reason::Fragmented: return "Fragmented";
  }
  __builtin_unreachable();
}

std::string shape_of(const Ask& ask) {
  if (!ask.quota || ask.only || !ask.avoid.empty()) return {};
  std::string shape = ask.quota->name;
  for (const Alternative& wants : ask.alternatives) {
    shape += '|' + wants.device_class;
    for (const int64_t count : wants.counts) shape += ',' + std::to_string(count);
  }
  for (const Room& room : ask.rooms) {
    shape += '|' + std::to_string(room.cpu_milli) + ',' + std::to_string(room.memory_bytes);
  }
  return shape;
}

std::vector<Decision> run_pass(Snapshot snapshot) {
  std::sort(snapshot.asks.begin(), snapshot.asks.end(),
            [](const Ask* a, const Ask* b) { return goes_first(*a, *b); });
  Pass pass(snapshot);
  std::vector<Decision> decisions;
  decisions.reserve(snapshot.asks.size());
  for (const Ask* ask : snapshot.asks) decisions.push_back(pass.decide(*ask));
  return decisions;
}

}  // namespace berth::sched
