#pragma once
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "operator/scheduling/books.h"
#include "operator/scheduling/coverage.h"
#include "operator/scheduling/scheduler.h"
#include "operator/world/settings.h"
#include "operator/world/stores.h"

namespace berth::control {

// Foreign accelerator pods that are admitted together: those of one group, or one pod alone.
struct ForeignUnit {
  runtime::ObjectKey key;                     // "pod/NAME" or "group/NAME" in its namespace
  std::vector<const translate::Pod*> gated;   // wait for admission, in the order of their names
  std::vector<const translate::Pod*> pinned;  // admitted, and not ended
  int64_t size = 1;                           // of the group, as its members say

  int64_t there() const { return static_cast<int64_t>(gated.size() + pinned.size()); }
  bool is_whole() const { return there() >= size; }
};

// Foreign pods on their way through the pass.
//
//   gated --Preempt--> nominated --devices free--> planned
//   gated --Admit--> planned (in the books) --charges covered--> annotated --all are--> pinned,
//   ungated
class ForeignDesk final : public AskSource {
 public:
  ForeignDesk(Stores& stores, Books& books, const Coverage& coverage, Nominations& nominations,
              Scheduler& scheduler, const Settings& settings);
  ForeignDesk(const ForeignDesk&) = delete;
  ForeignDesk& operator=(const ForeignDesk&) = delete;

  std::function<void(const runtime::ObjectKey&)> wake;

  std::optional<Instant> collect(Instant now, std::vector<const sched::Ask*>& asks) override;
  void admitted(const sched::Admit& admit) override;
  void held(const sched::Hold& hold) override;
  void nominated(const Nomination& nomination) override;

  ForeignUnit unit(const runtime::ObjectKey& key) const;
  // The node of a pod whose charges are all written.
  std::optional<std::string> granted(const translate::Pod& pod) const;
  void wake_granted();
  const sched::Hold* hold(const runtime::ObjectKey& key) const;

 private:
  void on_pod(const translate::Pod* before, const translate::Pod* after);
  std::optional<sched::Ask> ask_for(const ForeignUnit& unit) const;
  void add_alternatives(const ForeignUnit& unit, const std::vector<const translate::Pod*>& pods,
                        sched::Ask& ask) const;
  std::set<sched::NodeId> allowed_nodes(const std::vector<const translate::Pod*>& pods) const;

  Stores& stores_;
  Books& books_;
  const Coverage& coverage_;
  Nominations& nominations_;
  Scheduler& scheduler_;
  const Settings& settings_;
  std::set<runtime::ObjectKey> waiting_;
  std::map<runtime::ObjectKey, sched::Hold> held_;
  std::vector<sched::Ask> asks_;  // of the pass under way
};

// Whether Berth answers for the pod: an accelerator pod that none of Berth's kinds owns. Which
// namespaces are managed or exempt is not asked here.
bool is_foreign(const translate::Pod& pod);
runtime::ObjectKey unit_key(const translate::Pod& pod);

}  // namespace berth::control
