#include "sched/pass.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

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

Hold no_room(const Ask& ask, const Alternative& wants, const Shortfall& shortfall) {
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
          want + " for " + std::to_string(wants.counts.size()) + " workers, " + free +
              " but not on nodes where every worker fits"};
}

// Asks that are held for the same reason whoever asks: all that placement and quota look at.
using Shape = std::tuple<QuotaId, std::vector<std::pair<DeviceClass, std::vector<int64_t>>>,
                         std::vector<std::pair<int64_t, int64_t>>>;

std::optional<Shape> shape_of(const Ask& ask) {
  if (!ask.quota || ask.only || !ask.avoid.empty()) return std::nullopt;
  Shape shape{*ask.quota, {}, {}};
  for (const auto& wants : ask.alternatives) {
    std::get<1>(shape).emplace_back(wants.device_class, wants.counts);
  }
  for (const Room& room : ask.rooms) {
    std::get<2>(shape).emplace_back(room.cpu_milli, room.memory_bytes);
  }
  return shape;
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
    const auto shape = shape_of(ask);
    if (shape) {
      const auto held = held_.find(*shape);
      if (held != held_.end()) return Hold{ask.id, held->second.reason, held->second.message};
    }
    Decision decision = look(ask);
    if (const auto* hold = std::get_if<Hold>(&decision); hold != nullptr && shape) {
      held_.emplace(*shape, *hold);
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
    if (const auto no = tree_.refuses(*ask.quota, wants.device_class, wants.total())) {
      return over_quota(ask, wants, *no);
    }
    auto nodes = capacity_.place(ask, wants);
    if (!nodes) return no_room(ask, wants, capacity_.shortfall(wants));
    tree_.use(*ask.quota, wants.device_class, wants.total());
    return Admit{ask.id, *ask.quota, wants.device_class, wants.counts, *std::move(nodes)};
  }

  Capacity capacity_;
  QuotaTree tree_;
  std::map<Shape, Hold> held_;
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

std::vector<Decision> run_pass(Snapshot snapshot) {
  std::sort(snapshot.asks.begin(), snapshot.asks.end(), goes_first);
  Pass pass(snapshot);
  std::vector<Decision> decisions;
  decisions.reserve(snapshot.asks.size());
  for (const Ask& ask : snapshot.asks) decisions.push_back(pass.decide(ask));
  return decisions;
}

}  // namespace berth::sched
