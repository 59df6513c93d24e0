#include "cli/rejected_words.h"

#include "base/text.h"

namespace berth::cli {
namespace {

constexpr int64_t kCent = 10'000;         // micro-dollars
constexpr int64_t kDeviceSecond = 1'000;  // device-milliseconds

std::string dollars(int64_t micro) {
  const int64_t cents = micro / kCent;
  return std::to_string(cents / 100) + "." + std::to_string(cents % 100 + 100).substr(1) + " USD";
}

std::string figures(const sched::Rejected& one) {
  if (!one.its) return {};
  const int64_t its = *one.its;
  if (!one.taken) return ", " + std::to_string(its);
  switch (one.what) {
    case sched::Rejected::What::Devices:
      if (one.why == sched::Rejected::Why::Dearer) {
        return ", " + dollars(its) + " and not " + dollars(*one.taken);
      }
      return ", " + std::to_string(its) + " where it wants " + std::to_string(*one.taken);
    case sched::Rejected::What::Node:
      return ", scores " + std::to_string(its) + " and not " + std::to_string(*one.taken);
    case sched::Rejected::What::Domain:
      return ", " + std::to_string(its) + " free and not " + std::to_string(*one.taken);
    case sched::Rejected::What::Victims:
      return ", " + count_text(its / kDeviceSecond, "device-second") + " lost and not " +
             std::to_string(*one.taken / kDeviceSecond);
  }
  __builtin_unreachable();
}

}  // namespace

std::string words_of(const sched::Rejected& rejected) {
  std::string text = "not ";
  if (rejected.what == sched::Rejected::What::Victims) {
    text += "in place of";
    for (const sched::WorkloadId& victim : rejected.victims) text += " " + victim.uid;
    if (!rejected.name.empty()) text += " on " + rejected.name;
  } else {
    text += rejected.name;
  }
  if (rejected.workers) text += " with " + count_text(*rejected.workers, "worker");
  text += ": ";
  text += rejected.reason ? name_of(*rejected.reason) : name_of(rejected.why);
  if (rejected.why == sched::Rejected::Why::NotAllowed) return text;
  return text + figures(rejected);
}

}  // namespace berth::cli
