#pragma once
#include <optional>
#include <string>
#include <vector>

#include "sched/core/world.h"
#include "sched/quota/claim.h"

namespace berth::sched {

// In which region work is to be tried, where limits are of one region. The region follows from the
// nodes, so that work which they bind is bounded to one region at a time and granted in all columns
// that it would count in there. Costs nothing where no quota lists a region; nobody else is bound.
class Regions {
 public:
  // `tree` is the pass's own and must outlive this, like `world`.
  Regions(World& world, const QuotaTree& tree) : world_(world), tree_(tree) {}

  // The ask with each alternative once for each region that its leaf may use, in the order in which
  // they are tried: where it stays within the leaf's own guarantee, then where most is free
  // that its limits leave, then by name. Nothing where it is not bound.
  std::optional<Ask> spread(const Ask& ask, QuotaTree::Node leaf) const;
  // What counts in columns of one region, of a class.
  std::vector<Holding::Part> parts(QuotaTree::Class device_class,
                                   const std::vector<Spot>& spots) const;
  std::vector<Holding::Part> parts(QuotaTree::Class device_class,
                                   const std::vector<Charge>& charges) const;
  // The column of the region that an alternative is bounded to; nothing where nobody lists it.
  std::optional<QuotaTree::Class> column(const Alternative& wants) const;

 private:
  std::vector<std::string> ranked(const Ask& ask, QuotaTree::Node leaf,
                                  const Alternative& wants) const;

  World& world_;
  const QuotaTree& tree_;
};

// Counts work on these spots in all columns that it matches (1), or no longer (-1).
void count_in(QuotaTree& tree, const World& world, const QuotaId& leaf,
              const DeviceClass& device_class, const std::vector<Spot>& spots, int64_t sign);

// Devices of a reservation's users, by region.
using UsersIn = std::map<std::string, std::map<std::string, int64_t>>;
UsersIn users_of_reservations(const World& world);
// Counts what is booked and not held by its users.
void count_booked(QuotaTree& tree, const World& world, const ReservationPlan& plan,
                  const Booking& booking, const UsersIn& users);

}  // namespace berth::sched
