#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "api/placementpolicy.h"
#include "api/quota.h"
#include "api/reservation.h"
#include "api/slatier.h"
#include "base/clock.h"
#include "kube/fake/fake_server.h"

namespace berth::simulation {

// Whether Reservations, PlacementPolicies and SlaTiers are heeded by who places work. A place is
// decided some time before it is stored, by somebody whose caches are old: so a promise is looked
// at only where it stood, published and with nothing changed that it rests on, from well before the
// work began to ask. Then whoever decided has known of it.
class Promises {
 public:
  using Broke = std::function<void(const std::string& invariant, const std::string& what)>;
  Promises(const Clock& clock, Broke broke) : clock_(clock), broke_(std::move(broke)) {}

  void changed(const std::string& collection, const kube::fake::Change& change);
  // Another leads: what the one before has published need not be known to it yet.
  void leader_changed() { leader_changed_ = clock_.monotonic(); }
  // The server went back to a backup.
  void start_over(const kube::fake::FakeServer& server);

 private:
  using Name = std::pair<std::string, std::string>;  // namespace, name

  struct Job {
    Name name;
    std::string tier;
    std::string reservation;
    std::optional<bool> gives_way;  // of a replica: what its endpoint says, whatever the tier
    Monotonic terms_since{};        // that it says so
    int64_t attempt = 0;            // that is placed; 0: none
    std::map<std::string, int64_t> holds;  // devices by node
    int64_t ends = 0;                      // attempts whose end is written
    std::string gave_way_to;               // "namespace/name", at the last of them
    Monotonic asks_since{};                // its place was decided after this
  };
  template <class K>
  struct Known {
    K object;
    Monotonic since{};  // that its spec, and whether it is in force, are as they are
  };
  struct Claim {
    int64_t devices = 0;
    Monotonic since{};  // that it has been said to be at least so large
  };
  struct Booked {
    api::Reservation object;
    std::map<std::string, Claim> claims;  // by node; none unless it is said to be honoured
  };

  void job_changed(const std::string& uid, const Json* object);
  void reservation_changed(const Json& object, bool is_gone);
  void policy_changed(const Json& object, bool is_gone);
  void tier_changed(const Json& object, bool is_gone);
  void quota_changed(const Json& object, bool is_gone);
  void node_changed(const Json& object, bool is_gone);

  void check_placed(const Job& job) const;
  void check_policy(const Job& job) const;
  void check_tier(const Job& job) const;
  void check_firm(const Job& job) const;
  void check_user(const Job& job) const;
  void check_claims(const Job& job) const;
  void check_gave_way(const Job& job, const std::string& to) const;
  void check_victims(const Job& job) const;

  const Known<api::PlacementPolicy>* first_policy(const Job& job) const;
  bool is_firm(const Job& job) const;
  int64_t held_by_others(const std::string& node, const Claim& claim, bool only_firm) const;
  bool has_known(const Job& job, Monotonic since) const;

  const Clock& clock_;
  Broke broke_;
  std::map<std::string, Job> jobs_;             // by UID
  std::map<std::string, Booked> reservations_;  // by UID
  std::map<std::string, Known<api::PlacementPolicy>> policies_;
  std::map<std::string, Known<api::SlaTier>> tiers_;
  std::map<std::string, Known<api::Quota>> quotas_;                        // by namespace
  std::map<std::string, std::map<std::string, std::string>> node_labels_;  // by node
  std::map<Name, Instant> earliest_;  // start that a Reservation of that name ever had
  Instant latest_{};                  // wall time that there has been
  Monotonic leader_changed_{};
  Monotonic policies_changed_{};
  Monotonic tiers_changed_{};
  Monotonic bookings_changed_{};  // what bookings rest on: nodes, Quotas, what is to be booked
};

}  // namespace berth::simulation
