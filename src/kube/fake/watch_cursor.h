#pragma once
#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "base/clock.h"
#include "kube/fake/call.h"
#include "kube/fake/selector.h"
#include "kube/fake/storage.h"

namespace berth::kube::fake {

// How far one watch has read. A plain value that next_line() moves on.
struct WatchCursor {
  Call call;
  const Storage::Collection* collection = nullptr;
  ObjectSelector select;
  uint64_t version = 0;             // everything up to here has been told
  std::deque<ObjectState> initial;  // still to be told as ADDED, before any change
  bool mark_initial_end = false;    // a bookmark still has to mark the end of `initial`
  bool bookmarks = false;
  bool dead = false;            // an ERROR was told: the stream ends
  std::optional<Instant> ends;  // after timeoutSeconds
};

}  // namespace berth::kube::fake
