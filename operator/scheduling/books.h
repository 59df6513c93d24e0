#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "api/gpujob.h"
#include "operator/world/settings.h"
#include "operator/world/stores.h"
#include "sched/ledger.h"
#include "translate/tenancy.h"

namespace berth::control {

// A decision of the pass that is on its way to the API server: it holds its devices from the moment
// it is made, its workload is told once the charge is written.
struct Grant {
  api::Placement placement;
  sched::QuotaId quota;
  uint64_t number = 0;  // of the grant; a Quota write covers all grants up to a number
};

// As Grant, for one foreign pod.
struct PodPlan {
  std::string node;
  std::string device_class;  // of the node's devices
  sched::QuotaId quota;
  uint64_t number = 0;
};

// A Reservation that is active: its devices are charged whether its users hold them or not.
struct ReservedCharge {
  runtime::ObjectKey reservation;
  sched::QuotaId quota;
  sched::DeviceClass device_class;
  int64_t devices = 0;
  std::map<std::string, int64_t> in_regions = {};  // of those; the rest is in none
  bool operator==(const ReservedCharge&) const = default;
};

// Keeps the ledger equal to what the stores and the grants say: the cache plus the operator's own
// writes that the cache has not shown yet. One thread.
class Books {
 public:
  Books(Stores& stores, const Settings& settings);
  Books(const Books&) = delete;
  Books& operator=(const Books&) = delete;

  // Told of every change of the ledger and of the quotas; none is missed, since both start empty.
  std::function<void(const std::string& source, const std::vector<sched::Charge>&)> on_held;
  std::function<void(const std::vector<sched::Quota>&)> on_quotas;

  const sched::Ledger& ledger() const { return ledger_; }
  const translate::Tenancy& tenancy() const { return tenancy_; }

  void grant(const api::GpuJob& job, api::Placement placement, const sched::QuotaId& quota);
  void revoke(const std::string& job_uid);
  const Grant* find(const std::string& job_uid) const;
  // Charges what users do not hold, on no node: where the devices are, the pass sees to. By UID.
  void reserve(const std::string& uid, ReservedCharge charge);
  void drop_reserved(const std::string& uid);
  // The same for foreign pods: the node that each is going to be pinned to.
  void plan(const translate::Pod& pod, std::string node, const sched::QuotaId& quota);
  void drop_plan(const std::string& pod_uid);
  const PodPlan* find_plan(const std::string& pod_uid) const;

  const std::map<std::string, Grant>& grants() const { return grants_; }  // by the job's UID
  const std::map<std::string, PodPlan>& plans() const { return plans_; }  // by the pod's UID
  uint64_t newest_grant() const { return newest_grant_; }

  // What the stored Quotas charge and nothing explains is kept charged: a placement of the leader
  // before may still be on its way in. Once a whole lease has passed, none can be.
  void keep_unexplained();
  void forgive_unexplained();

  // Leaves whose holdings changed since the last call.
  std::set<sched::QuotaId> take_touched();
  // Grows with every change of holdings or tenancy.
  uint64_t version() const { return version_; }

 private:
  void on_quota(const api::Quota* before, const api::Quota* after);
  void on_job(const api::GpuJob* before, const api::GpuJob* after);
  void on_pod(const translate::Pod* before, const translate::Pod* after);
  void on_node(const translate::Node* before, const translate::Node* after);
  void settle();
  void revoke_moved();
  void enter(const api::GpuJob& job);
  void enter(const translate::Pod& pod);
  void enter_reserved(const std::string& uid, const ReservedCharge& charge);
  void enter_reserved_for(const api::GpuJob& user);
  std::vector<sched::Charge> unexplained(const api::Quota& quota) const;
  void set(const std::string& source, std::vector<sched::Charge> charges);
  void charge(const std::string& source, std::vector<sched::Charge> charges);
  bool is_covered(const translate::Pod& pod) const;
  std::string class_for(const translate::Pod& pod) const;

  Stores& stores_;
  const Settings& settings_;
  sched::Ledger ledger_;
  translate::Tenancy tenancy_;
  std::map<std::string, Grant> grants_;
  std::map<std::string, PodPlan> plans_;            // by the pod's UID
  std::map<std::string, ReservedCharge> reserved_;  // by UID
  std::set<sched::QuotaId> touched_;
  uint64_t newest_grant_ = 0;
  uint64_t version_ = 0;
};

}  // namespace berth::control
