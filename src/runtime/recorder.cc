#include "runtime/recorder.h"

#include <algorithm>
#include <cstdio>
#include <functional>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "json/time.h"
#include "kube/reply.h"
#include "kube/request.h"

namespace berth::runtime {
namespace {

constexpr size_t kNoteBytes = 1024;  // what the API server accepts
constexpr size_t kWordBytes = 128;   // likewise, of a reason or an action
constexpr size_t kNameBytes = 230;   // leaves room for the suffix below the limit of 253

// Events about cluster-scoped objects are kept in "default".
std::string event_namespace(const Regarding& regarding) {
  return regarding.name_space.empty() ? "default" : regarding.name_space;
}

Json to_json(const Regarding& regarding) {
  Json json = {{"apiVersion", regarding.api_version},
               {"kind", regarding.kind},
               {"name", regarding.name},
               {"uid", regarding.uid}};
  if (!regarding.name_space.empty()) json["namespace"] = regarding.name_space;
  return json;
}

}  // namespace

Regarding regarding(const kube::Resource& resource, const ObjectMeta& meta) {
  return {kube::api_version(resource), std::string(resource.kind), meta.name_space, meta.name,
          meta.uid};
}

Recorder::Recorder(kube::Transport& transport, const Clock& clock, RecorderRules rules, Log& log)
    : transport_(transport),
      clock_(clock),
      rules_(std::move(rules)),
      log_(log),
      self_(std::make_shared<Recorder*>(this)) {}

Recorder::~Recorder() = default;

void Recorder::record(Event event) {
  const Monotonic now = clock_.monotonic();
  event.note = cut_utf8(event.note, kNoteBytes);
  event.reason = cut_utf8(event.reason, kWordBytes);
  event.action = cut_utf8(event.action, kWordBytes);
  Key key{event.regarding.uid, event.reason, event.action};
  auto at = series_.find(key);
  if (at == series_.end()) {
    if (series_.size() >= rules_.series_limit) forget_ended(now);
    if (series_.size() >= rules_.series_limit) {
      ++dropped_;
      return;
    }
    at = series_.emplace(std::move(key), Series{}).first;
  }
  Series& series = at->second;
  if (series.count > 0 && now - series.seen_at > rules_.series_end && !series.in_flight) {
    due_.erase({series.write_at, at->first});
    series = Series{};
  }
  series.event = std::move(event);
  series.last = clock_.now();
  if (series.count++ == 0) series.first = series.last;
  series.seen_at = now;
  want(at->first, series, now);
}

Monotonic Recorder::tick() {
  const Monotonic now = clock_.monotonic();
  if (now - swept_at_ >= rules_.series_interval) forget_ended(now);
  while (!due_.empty() && due_.begin()->first <= now && in_flight_ < rules_.in_flight_limit) {
    const Key key = due_.extract(due_.begin()).value().second;
    send(key, series_.at(key));
  }
  if (due_.empty() || in_flight_ >= rules_.in_flight_limit) return Monotonic::max();
  return due_.begin()->first;
}

// Has what is not stored yet written when the series may next write.
void Recorder::want(const Key& key, Series& series, Monotonic now) {
  if (series.due || series.in_flight) return;
  series.due = true;
  series.write_at = std::max(series.write_at, now);
  due_.emplace(series.write_at, key);
}

void Recorder::send(const Key& key, Series& series) {
  const bool is_patch = !series.name.empty() && series.stored_note == series.event.note;
  kube::Request request = is_patch ? new_count(series) : new_event(series);
  series.due = false;
  series.in_flight = true;
  series.write_at = clock_.monotonic() + rules_.series_interval;
  ++in_flight_;
  transport_.send(request,
                  [weak = std::weak_ptr(self_), request,
                   what = Answered{key, series.count, is_patch}](Result<kube::Response> response) {
                    const auto self = weak.lock();
                    if (!self) return;
                    const Result<Json> reply = kube::parse_reply(request, std::move(response));
                    (*self)->answered(what, reply ? Status(Done{}) : Status(reply.error()));
                  });
}

kube::Request Recorder::new_event(Series& series) {
  const Event& event = series.event;
  // Occurrences that were written with an earlier note are that Event's.
  series.count -= series.stored_count;
  series.stored_count = 0;
  char suffix[20];
  const size_t seed = std::hash<std::string>{}(rules_.instance + event.regarding.uid);
  const auto when = static_cast<uint64_t>(series.last.time_since_epoch().count());
  std::snprintf(suffix, sizeof suffix, ".%016llx",
                static_cast<unsigned long long>(seed ^ (when << 16) ^ ++names_made_));
  series.name = std::string(cut_utf8(event.regarding.name, kNameBytes)) + suffix;
  series.stored_note = event.note;
  Json body = {
      {"apiVersion", kube::api_version(kube::kEvents)},
      {"kind", std::string(kube::kEvents.kind)},
      {"metadata", {{"name", series.name}, {"namespace", event_namespace(event.regarding)}}},
      {"eventTime", format_micro_time(series.last)},
      {"reportingController", rules_.controller},
      {"reportingInstance", rules_.instance},
      {"regarding", to_json(event.regarding)},
      {"type", event.type == EventType::Normal ? "Normal" : "Warning"},
      {"reason", event.reason},
      {"action", event.action},
      {"note", event.note}};
  return kube::create(kube::kEvents, body);
}

kube::Request Recorder::new_count(const Series& series) const {
  const Json patch = {
      {"series", {{"count", series.count}, {"lastObservedTime", format_micro_time(series.last)}}}};
  return kube::patch_merge(kube::kEvents, event_namespace(series.event.regarding), series.name,
                           patch);
}

void Recorder::answered(const Answered& what, const Status& status) {
  --in_flight_;
  const auto at = series_.find(what.key);
  if (at == series_.end()) return;
  Series& series = at->second;
  series.in_flight = false;
  if (status.ok()) {
    ++written_;
    series.stored_count = what.count;
  } else {
    // The Event may have ended its time to live, or never have come to be: the next is a new one.
    series.name.clear();
    const bool again =
        status.error().is_retryable() || (what.is_patch && status.error().code == Code::NotFound);
    if (!again) {
      ++dropped_;
      series.stored_count = what.count;
      log_.warn("event dropped", {{"error", status.error().message}});
    }
  }
  if (series.count > series.stored_count) want(what.key, series, clock_.monotonic());
}

void Recorder::forget_ended(Monotonic now) {
  swept_at_ = now;
  std::erase_if(series_, [&](const auto& entry) {
    const Series& series = entry.second;
    const bool ended = now - series.seen_at > rules_.series_end && !series.in_flight;
    if (ended && series.due) due_.erase({series.write_at, entry.first});
    return ended;
  });
}

}  // namespace berth::runtime
