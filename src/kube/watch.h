#pragma once
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "json/json_fwd.h"
#include "json/parse.h"
#include "kube/backoff.h"
#include "kube/request.h"
#include "kube/resource.h"
#include "kube/transport.h"

namespace berth::kube {

// Which objects are followed.
struct WatchTarget {
  Resource resource;
  Selection select;
  // Of the objects of a stream; empty reads all. Lists in pages, the fallback, are read whole.
  ReadMembers read = {};
};

struct WatchRules {
  int64_t page_limit = 500;        // objects per page of a list
  Millis list_timeout{30'000};     // one page
  Millis silence{90'000};          // a stream without a line for so long is taken for dead
  Millis server_timeout{300'000};  // after which the server ends a stream, cleanly
  Backoff backoff;
  uint64_t seed = 0;  // of the jitter
};

// What is learnt, in order. Between ListBegin and ListEnd come the objects of a whole list; at
// ListEnd everything known before and not in the list is gone. Outside, each Upsert or Remove is
// one change. `version` of ListEnd is the collection's.
struct ListBegin {};
struct ListEnd {
  std::string version;
  bool went_back = false;  // the server has lost history: what we know may be newer than true
};
struct Upsert {
  Json object;
};
struct Remove {
  Json object;  // its last state
};
using Delta = std::variant<ListBegin, Upsert, Remove, ListEnd>;

// Follows a collection of objects: list, then watch from the version of the list, for ever.
// Holds no objects, does no I/O, reads no clock; it says what to ask and is told the answers.
//
//   NeedList --list--> Listing (pages) --------------> NeedWatch --open--> Watching
//      |                                                   ^                  |
//      +--open with sendInitialEvents--> Streaming --------|---(bookmark)---->|
//      ^                                                   +--- stream ends --+
//      +--------------------- 410 Expired anywhere ---------------------------+
//
// Rules
// - The list is streamed (sendInitialEvents); a server that refuses that is listed in pages.
// - A page whose continue token has expired starts the list again from its first page.
// - A stream that ends, cleanly or not, resumes from the last version seen; bookmarks advance it.
// - 410 (at open, or as an ERROR event) means that history is gone: list again.
// - A bookmark older than what was seen means that the server has lost history (restored from a
//   backup): list again. So does a watch that cannot be opened kTriesBeforeList times in a row.
// - Errors wait out a backoff with jitter, or what Retry-After asks if that is longer; the count
//   of failures starts again with the first object or bookmark.
// - An object is its latest state: a repeated or merged event is harmless.
class Watch {
 public:
  static constexpr int kTriesBeforeList = 5;

  Watch(WatchTarget target, WatchRules rules) : target_(std::move(target)), rules_(rules) {}

  struct Wait {
    Monotonic until;  // max(): until something is told
  };
  struct List {
    Request request;  // answer with listed()
  };
  struct Open {
    Request request;  // answer with line() for every line, then ended()
  };
  using Action = std::variant<Wait, List, Open>;

  // What to do now. A List or an Open is said once and is then under way until it is answered.
  Action next(Monotonic now);

  // The answers. What is learnt is appended to `deltas`.
  void listed(Result<Json> page, std::vector<Delta>& deltas);
  // False: the stream is of no more use and must be closed; ended() must not follow.
  [[nodiscard]] bool line(std::string_view text, std::vector<Delta>& deltas);
  void ended(const Status& status);

  // A list has been seen to its end, and nothing since has made it worthless.
  bool synced() const { return state_ == State::NeedWatch || state_ == State::Watching; }
  const std::string& version() const { return version_; }
  int failures() const { return failures_; }

 private:
  enum class State { NeedList, Listing, Streaming, NeedWatch, Watching };
  using Deltas = std::vector<Delta>;

  Request list_request() const;
  Request stream_request() const;
  bool change(std::string_view type, Json object, Deltas& deltas);
  bool bookmark(const Json& object, Deltas& deltas);
  void begin_list(Deltas& deltas);
  void end_list(std::string version, Deltas& deltas);
  void interrupted();
  void list_again();
  void fail(const Error& error);

  WatchTarget target_;
  WatchRules rules_;
  State state_ = State::NeedList;
  bool under_way_ = false;          // a List or an Open waits for its answer
  bool streaming_refused_ = false;  // lists come in pages from now on
  bool pages_this_time_ = false;    // until a list is whole
  bool began_ = false;              // ListBegin was said, ListEnd not yet
  bool alive_ = false;              // this stream has given an object or a bookmark
  std::string version_;             // the last version seen; the next watch starts after it
  std::string continue_;            // of the next page
  int failures_ = 0;
  std::optional<Millis> delay_;  // to wait, from the next next()
  Monotonic not_before_ = Monotonic::min();
};

}  // namespace berth::kube
