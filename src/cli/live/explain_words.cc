#include "cli/live/explain_words.h"

#include "base/text.h"

namespace berth::cli {

std::string text_of(const sched::Change& change) {
  using sched::ChangeKind;
  const std::string from = std::to_string(change.from);
  const std::string to = std::to_string(change.to);
  const std::string limit = " of Quota " + change.quota.name + " for " + change.device_class +
                            " from " + from + " to " + to;
  switch (change.kind) {
    case ChangeKind::DropSelector: return "let it run on any node";
    case ChangeKind::DropNearness: return "let its workers run in more than one domain";
    case ChangeKind::OtherClass: return "ask for " + change.device_class;
    case ChangeKind::Borrow: return "raise borrowingLimit" + limit;
    case ChangeKind::Guarantee: return "raise guaranteed" + limit;
    case ChangeKind::FewerWorkers: return count_text(change.to, "worker") + " in place of " + from;
    case ChangeKind::FewerDevices:
      return count_text(change.to, "device") + " per worker in place of " + from;
    case ChangeKind::WithoutJob: return "end " + change.name;
  }
  __builtin_unreachable();
}

}  // namespace berth::cli
