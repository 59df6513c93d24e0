#pragma once
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "operator/controllers/quota/quota_plan.h"
#include "operator/scheduling/books.h"
#include "operator/scheduling/charged_tree.h"
#include "operator/scheduling/coverage.h"
#include "operator/scheduling/scheduler.h"
#include "operator/scheduling/spending.h"
#include "operator/world/stores.h"
#include "runtime/controller.h"

namespace berth::control {

// Writes the charges: one compare-and-swap per Quota for everything that a pass admitted, before
// any workload is told. What the Quota charges already needs no write, as long as what was seen of
// it is certainly what is stored, see is_certain().
class QuotaController final : public runtime::Reconciler {
 public:
  QuotaController(Stores& stores, Books& books, const Scheduler& scheduler, Coverage& coverage,
                  Spending& spending, const Settings& settings, const Clock& clock);

  // Of this leader; written with every status.
  void set_epoch(int64_t epoch) { epoch_ = epoch; }

  // A newer leader has written its epoch: this one must decide nothing more.
  bool is_superseded() const { return is_superseded_; }

  // Whether nobody else can lead yet, by the clock at the moment of the call.
  std::function<bool()> leads;
  // Called when more charges are written.
  std::function<void()> on_covered;

  runtime::Next reconcile(const runtime::ObjectKey& key, runtime::Writes writes) override;

  // The Quotas whose numbers may have changed since the last call: touched leaves and all above,
  // and now and then those that lend.
  std::set<std::string> take_touched();

 private:
  std::vector<std::string> lenders();
  void cover(const std::string& quota, uint64_t number);
  bool is_in_doubt(const api::Quota& quota) const;
  bool is_certain(const api::Quota& quota) const;
  runtime::Next write(const api::Quota& quota, api::QuotaStatus status, uint64_t newest,
                      runtime::Writes& writes);
  bool take_back_uncharged(const sched::QuotaId& quota, const std::set<sched::Column>& columns);
  std::set<sched::Column> columns_of(const api::Quota& quota);
  QuotaFacts gather(const api::Quota& quota);

  Stores& stores_;
  Books& books_;
  const Scheduler& scheduler_;
  Coverage& coverage_;
  Spending& spending_;
  const Settings& settings_;
  const Clock& clock_;
  int64_t epoch_ = 0;
  bool is_superseded_ = false;
  ChargedTree tree_;
  bool is_lending_old_ = false;
  Monotonic next_lending_ = Monotonic::min();  // when `lent` of all may be looked at again
  std::map<std::string, Monotonic> written_;   // when each was last written
  // On which version the last write of each was decided, unless it was accepted.
  std::map<std::string, std::string> unanswered_;
};

}  // namespace berth::control
