#pragma once
#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "json/json_fwd.h"

namespace berth::kube::fake {

// One state of an object, without its apiVersion and kind; never changed. Its text is made once, on
// first use, since a state is told to many watches and lists.
class Stored {
 public:
  Stored(Json object, uint64_t version);

  const Json& object() const { return object_; }
  uint64_t version() const { return version_; }
  const std::string& text() const;
  bool concerns_collector() const { return concerns_collector_; }  // it is owned, or going

 private:
  Json object_;
  uint64_t version_;
  bool concerns_collector_;
  mutable std::string text_;
};
using ObjectState = std::shared_ptr<const Stored>;

// One change of a collection. `before` is empty for a new object. `after` of a deleted one is its
// last state with the version of the deletion.
struct Change {
  uint64_t version = 0;
  ObjectState before;
  ObjectState after;
  bool deleted = false;
};

// The objects of all collections under one version counter, with the history that watches read.
class Storage {
 public:
  using Name = std::pair<std::string, std::string>;  // namespace, name
  using Objects = std::map<Name, ObjectState>;

  uint64_t version() const { return version_; }
  const Objects& objects(const std::string& collection) const;
  ObjectState find(const std::string& collection, const Name& name) const;

  // Stores a new state under the next version, which becomes its metadata.resourceVersion.
  ObjectState put(const std::string& collection, Json object);
  ObjectState erase(const std::string& collection, const Name& name);

  // One collection and its past. Its address stays, so that a watch, which is asked again and again
  // whether there is news, need not look for it.
  struct Collection {
    Objects objects;
    std::deque<Change> history;
    uint64_t compacted = 0;
  };
  const Collection& collection(const std::string& name) { return collections_[name]; }

  // The first change after `version`, or nullptr. Ask is_compacted() first.
  static const Change* next_change(const Collection& collection, uint64_t version);
  bool is_compacted(const Collection& collection, uint64_t version) const {
    return version < std::max(collection.compacted, compacted_);
  }
  void compact();  // forgets all history and every page

  // All objects as they are now. Going back to them is what restoring a backup of etcd with
  // --bump-revision and --mark-compacted does: no version is used twice, and all history is gone.
  using Backup = std::map<std::string, Objects>;
  Backup backup() const;
  void restore(const Backup& backup);

  // What the garbage collector has not looked at as it is now: of the objects that are owned or
  // going those that were written since it did, and all of them where one has gone.
  using Key = std::pair<std::string, Name>;  // collection, object
  const std::set<Key>& uncollected() const { return uncollected_; }
  void looked_at(const Key& key) { uncollected_.erase(key); }

  // Told about every change just after it.
  using Observer = std::function<void(const std::string& collection, const Change& change)>;
  void observe(Observer observer) { observer_ = std::move(observer); }

  // What is left of a list that was cut into pages, kept under a token.
  struct Page {
    uint64_t version = 0;
    std::deque<ObjectState> rest;
  };
  std::string keep_page(Page page);
  std::optional<Page> page(const std::string& token) const;

 private:
  void remember(const std::string& name, Collection& collection, Change change);

  uint64_t version_ = 100;  // 0 and 1 have meanings of their own
  uint64_t compacted_ = 100;
  uint64_t pages_made_ = 0;
  std::unordered_map<std::string, Collection> collections_;
  std::set<Key> collectable_;  // all that concerns the collector
  std::set<Key> uncollected_;
  std::map<std::string, Page> pages_;
  Observer observer_;
};

}  // namespace berth::kube::fake
