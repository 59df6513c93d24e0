#include "sched/core/regions.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

#include "sched/core/why.h"
#include "sched/cpu_class.h"

namespace berth::sched {
namespace {

using Parts = std::vector<Holding::Part>;

void add(Parts& parts, const std::map<std::string, QuotaTree::Class>& columns,
         const std::string& region, int64_t devices) {
  const auto column = columns.find(region);
  if (column == columns.end() || devices == 0) return;
  const auto known = std::find_if(parts.begin(), parts.end(), [&](const Holding::Part& part) {
    return part.column == column->second;
  });
  if (known == parts.end()) {
    parts.push_back({column->second, devices});
  } else {
    known->devices += devices;
  }
}

int64_t devices_on(const World& world, const Spot& spot) {
  return world.fleet().shape_of(spot.shape).need.devices;
}

const std::string& region_of(const World& world, const Spot& spot) {
  return world.region_of(world.fleet().facts(spot.node).id);
}

}  // namespace

std::optional<Ask> Regions::spread(const Ask& ask, QuotaTree::Node leaf) const {
  if (!tree_.has_regions()) return std::nullopt;
  std::vector<Alternative> all;
  bool is_bound = false;
  for (const Alternative& wants : ask.alternatives) {
    const auto device_class = tree_.find_class(wants.device_class);
    const bool is_free = is_cpu(wants) || !device_class || !tree_.is_bound(leaf, *device_class) ||
                         !tree_.lists(*ask.quota, wants.device_class);
    if (is_free) {
      all.push_back(wants);
      continue;
    }
    is_bound = true;
    for (std::string& region : ranked(ask, leaf, wants)) {
      all.push_back(wants);
      all.back().region = std::move(region);
    }
  }
  if (!is_bound) return std::nullopt;
  Ask spread = ask;
  spread.alternatives = std::move(all);
  return spread;
}

std::vector<std::string> Regions::ranked(const Ask& ask, QuotaTree::Node leaf,
                                         const Alternative& wants) const {
  std::set<std::string> regions;
  for (const auto& [column, limit] : tree_.limits(*ask.quota)) {
    if (is_regional(column) && class_in(column) == wants.device_class) {
      regions.insert(region_in(column));
    }
  }
  for (const auto& [region, devices] : world_.usable_in(wants.device_class)) {
    if (devices > 0 && tree_.may_use(*ask.quota, wants.device_class, region)) {
      regions.insert(region);
    }
  }
  const QuotaTree::Class base = *tree_.find_class(wants.device_class);
  std::vector<std::tuple<bool, int64_t, std::string>> ranks;
  for (const std::string& region : regions) {
    Alternative there = wants;
    there.region = region;
    const QuotaTree::Class in = column(there).value_or(base);
    const int64_t guaranteed = in == base ? 0 : tree_.limit(leaf, in).guaranteed;
    const bool is_own = add_saturating(tree_.used(leaf, in), wants.total()) <= guaranteed;
    const int64_t left = std::min(tree_.available(leaf, in).devices, stock_of(world_, there).free);
    ranks.emplace_back(!is_own, -left, region);
  }
  std::sort(ranks.begin(), ranks.end());
  std::vector<std::string> order;
  order.reserve(ranks.size());
  for (auto& [is_beyond, less, region] : ranks) order.push_back(std::move(region));
  return order;
}

Parts Regions::parts(QuotaTree::Class device_class, const std::vector<Spot>& spots) const {
  Parts parts;
  const auto& columns = tree_.regions(device_class);
  if (columns.empty()) return parts;
  for (const Spot& spot : spots) {
    add(parts, columns, region_of(world_, spot), devices_on(world_, spot));
  }
  return parts;
}

Parts Regions::parts(QuotaTree::Class device_class, const std::vector<Charge>& charges) const {
  Parts parts;
  const auto& columns = tree_.regions(device_class);
  if (columns.empty()) return parts;
  for (const Charge& charge : charges) {
    add(parts, columns, world_.region_of(charge), charge.devices);
  }
  return parts;
}

std::optional<QuotaTree::Class> Regions::column(const Alternative& wants) const {
  const auto device_class = tree_.find_class(wants.device_class);
  if (!device_class || !wants.region || wants.region->empty()) return std::nullopt;
  const auto& columns = tree_.regions(*device_class);
  const auto at = columns.find(*wants.region);
  if (at == columns.end()) return std::nullopt;
  return at->second;
}

void count_in(QuotaTree& tree, const World& world, const QuotaId& leaf,
              const DeviceClass& device_class, const std::vector<Spot>& spots, int64_t sign) {
  for (const Spot& spot : spots) {
    const int64_t devices = sign * devices_on(world, spot);
    tree.use(leaf, device_class, devices);
    if (!tree.has_regions()) continue;
    const std::string& region = region_of(world, spot);
    if (!region.empty()) tree.use(leaf, column_of(device_class, region), devices);
  }
}

UsersIn users_of_reservations(const World& world) {
  UsersIn users;
  for (const auto& [source, held] : world.holders()) {
    if (held.facts.reservation.empty()) continue;
    for (const Charge& charge : held.facts.charges) {
      users[held.facts.reservation][world.region_of(charge)] += charge.devices;
    }
  }
  return users;
}

void count_booked(QuotaTree& tree, const World& world, const ReservationPlan& plan,
                  const Booking& booking, const UsersIn& users) {
  const auto found = users.find(plan.facts.uid);
  const std::map<std::string, int64_t> held =
      found == users.end() ? std::map<std::string, int64_t>{} : found->second;
  int64_t all = 0;
  for (const auto& [region, devices] : held) all += devices;
  const QuotaId& leaf = *plan.facts.quota;
  tree.use(leaf, plan.facts.device_class, std::max<int64_t>(0, booking.total() - all));
  if (!tree.has_regions()) return;
  std::map<std::string, int64_t> booked;
  for (const auto& [node, devices] : booking.devices) booked[world.region_of(node)] += devices;
  for (const auto& [region, devices] : booked) {
    if (region.empty()) continue;
    const auto has = held.find(region);
    const int64_t left = devices - (has == held.end() ? 0 : has->second);
    if (left > 0) tree.use(leaf, column_of(plan.facts.device_class, region), left);
  }
}

}  // namespace berth::sched
