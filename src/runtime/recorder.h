#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "json/json_fwd.h"
#include "json/object_meta.h"
#include "kube/resource.h"
#include "kube/transport.h"

namespace berth::runtime {

// What an event is about.
struct Regarding {
  std::string api_version;  // "berth.dev/v1alpha1"
  std::string kind;
  std::string name_space;
  std::string name;
  std::string uid;
};
Regarding regarding(const kube::Resource& resource, const ObjectMeta& meta);

enum class EventType { Normal, Warning };

struct Event {
  Regarding regarding;
  EventType type = EventType::Normal;
  std::string reason;  // why, CamelCase: "OverQuota"
  std::string action;  // what was done or refused, CamelCase: "Admit"
  std::string note;    // a sentence for people, with the numbers
};

struct RecorderRules {
  std::string controller;          // "berth.dev/operator"
  std::string instance;            // the pod's name
  Millis series_interval{60'000};  // at most one write in so long per series
  Millis series_end{360'000};      // a series without a new event for so long is over
  size_t series_limit = 4096;
  size_t in_flight_limit = 4;
};

// Writes events.k8s.io/v1. Events about the same object with the same reason and action are one
// series: the first is written at once, the following only counted, and the count is written at a
// bounded rate. Never blocks and never fails anybody: what does not fit or is refused is dropped
// and counted.
class Recorder {
 public:
  Recorder(kube::Transport& transport, const Clock& clock, RecorderRules rules, Log& log);
  ~Recorder();
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  void record(Event event);
  Monotonic tick();  // sends what is due; returns when to call again at the latest

  size_t pending() const { return due_.size() + in_flight_; }
  size_t series() const { return series_.size(); }  // that are remembered
  int64_t written() const { return written_; }
  int64_t dropped() const { return dropped_; }

 private:
  using Key = std::tuple<std::string, std::string, std::string>;  // uid, reason, action
  struct Series {
    Event event;              // the latest
    std::string name;         // of the stored Event; empty: none
    std::string stored_note;  // a stored Event's note cannot be changed
    int64_t stored_count = 0;
    int64_t count = 0;  // since `first`
    Instant first{};
    Instant last{};
    Monotonic seen_at{};
    Monotonic write_at = Monotonic::min();  // not again before
    bool in_flight = false;
    bool due = false;
  };
  struct Answered {
    Key key;
    int64_t count;  // what was written
    bool is_patch;
  };

  void want(const Key& key, Series& series, Monotonic now);
  void send(const Key& key, Series& series);
  kube::Request new_event(Series& series);
  kube::Request new_count(const Series& series) const;
  void answered(const Answered& what, const Status& status);
  void forget_ended(Monotonic now);

  kube::Transport& transport_;
  const Clock& clock_;
  RecorderRules rules_;
  Log& log_;
  std::map<Key, Series> series_;
  std::set<std::pair<Monotonic, Key>> due_;
  size_t in_flight_ = 0;
  uint64_t names_made_ = 0;
  int64_t written_ = 0;
  int64_t dropped_ = 0;
  Monotonic swept_at_{};
  std::shared_ptr<Recorder*> self_;  // replies outlive us; they hold a weak pointer to this
};

}  // namespace berth::runtime
