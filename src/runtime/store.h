#pragma once
#include <cassert>
#include <cstddef>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "json/object_meta.h"
#include "kube/version.h"
#include "runtime/object_key.h"
#include "runtime/tombstones.h"

namespace berth::runtime {

enum class IndexId : size_t {};

// The newest known state of the objects of one kind, T having a member `ObjectMeta meta`.
//
// Newest wins by resourceVersion: the reply to one's own write is put in at once with upsert(), and
// the watch events that are older than it are ignored when they come (one reads one's own
// writes). A uid that was erased stays dead, so that a late reply cannot bring it back. Only a list
// can: what it says is how things were at its version, so an older object in it than one that was
// known by then means that the server has lost history (restored from a backup).
//
// Pointers to stored objects are good until that object changes; listeners must not change the
// store. One thread. Cost: O(log n) per change and index.
template <class T>
class Store {
  struct ByKey {
    using is_transparent = void;
    using View = std::pair<std::string_view, std::string_view>;
    static View view(const T& object) { return {object.meta.name_space, object.meta.name}; }
    static View view(const ObjectKey& key) { return {key.name_space, key.name}; }
    static View view(const T* object) { return view(*object); }
    template <class A, class B>
    bool operator()(const A& a, const B& b) const {
      return view(a) < view(b);
    }
  };

 public:
  using Objects = std::set<T, ByKey>;
  using Listener = std::function<void(const T* before, const T* after)>;
  using IndexOf = std::function<std::vector<std::string>(const T&)>;

  Store() = default;
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  // Objects are found with by() under every value that `values_of` gives for them. It must depend
  // on the object alone. Before the first object.
  IndexId add_index(IndexOf values_of) {
    assert(objects_.empty());
    indexes_.push_back({std::move(values_of), {}});
    return IndexId{indexes_.size() - 1};
  }

  // Called after every change: before == nullptr for a new object, after == nullptr for one that
  // is gone. A name that is taken by a new uid is told as gone, then new.
  void subscribe(Listener listener) { listeners_.push_back(std::move(listener)); }

  // Puts `object` in unless what is known is as new, be it the object or a list of all: a late
  // reply from before a list is in it, or was lost with the server's history. Returns whether
  // anything changed.
  bool upsert(T object) {
    const bool is_old = !listed_at_.empty() && !object.meta.resource_version.empty() &&
                        !kube::is_newer(object.meta.resource_version, listed_at_);
    return !is_old && put(std::move(object));
  }

  // What is kept of an object follows from more than the object, and that has changed: puts the
  // same version of it in anew. Returns whether that version is there.
  bool revise(T object) {
    const auto found = objects_.find(object);
    if (found == objects_.end() || found->meta.uid != object.meta.uid) return false;
    if (found->meta.resource_version != object.meta.resource_version) return false;
    return assign(found, std::move(object));
  }

  // Some time has passed, more than any reply takes: of the dead, those are forgotten that were
  // dead at the last call. Else the last few thousand are remembered, however long.
  void forget_dead() { graves_.age(); }
  size_t dead() const { return graves_.size(); }  // that are remembered

  // The object is gone for good; `meta` is its last state. Another uid of that name stays.
  bool erase(const ObjectMeta& meta) {
    graves_.bury(meta.uid, meta.resource_version);
    const auto found = objects_.find(key_of(meta));
    if (found == objects_.end() || found->meta.uid != meta.uid) return false;
    remove(found, meta.resource_version);
    return true;
  }

  // The whole collection as a list at `list_version` gave it. What is known stays only where it is
  // newer than the list. Who is new stays where it is in memory: a long list is never there twice.
  void replace(Objects all, std::string_view list_version) {
    for (auto at = objects_.begin(); at != objects_.end();) {
      const auto here = at++;
      const bool gone =
          !has(all, *here) && !kube::is_newer(here->meta.resource_version, list_version);
      if (gone) remove(here, list_version);
    }
    while (!all.empty()) put_listed(all.extract(all.begin()), list_version);
    listed_at_ = list_version;
  }

  // As replace(), when the versions of the server itself went back: what is known may be newer than
  // the truth, so nothing of it is kept, nor are the dead.
  void reset(Objects all) {
    graves_.clear();
    listed_at_.clear();
    for (auto at = objects_.begin(); at != objects_.end();) {
      const auto here = at++;
      if (!has(all, *here)) remove(here, {});
    }
    graves_.clear();
    while (!all.empty()) {
      Node object = all.extract(all.begin());
      const auto found = objects_.find(object.value());
      if (found == objects_.end()) {
        insert(std::move(object));
      } else if (found->meta.resource_version != object.value().meta.resource_version) {
        assign(found, std::move(object.value()));
      }
    }
  }

  const T* find(const ObjectKey& key) const { return get(objects_.find(key)); }
  const T* find_uid(std::string_view uid) const {
    const auto found = by_uid_.find(uid);
    return found == by_uid_.end() ? nullptr : found->second;
  }
  const Objects& all() const { return objects_; }  // in key order
  size_t size() const { return objects_.size(); }

  // The objects that have `value` in that index, in key order.
  std::vector<const T*> by(IndexId index, const std::string& value) const {
    const auto& buckets = indexes_[static_cast<size_t>(index)].buckets;
    const auto found = buckets.find(value);
    if (found == buckets.end()) return {};
    return {found->second.begin(), found->second.end()};
  }

 private:
  using Place = typename Objects::iterator;
  using Node = typename Objects::node_type;
  struct Index {
    IndexOf values_of;
    std::map<std::string, std::set<const T*, ByKey>> buckets;
  };

  const T* get(Place place) const { return place == objects_.end() ? nullptr : &*place; }

  static bool has(const Objects& all, const T& object) {
    const auto found = all.find(object);
    return found != all.end() && found->meta.uid == object.meta.uid;
  }

  bool insert(T object) { return enter(*objects_.insert(std::move(object)).first); }
  bool insert(Node object) { return enter(*objects_.insert(std::move(object)).position); }
  bool enter(const T& kept) {
    link(kept);
    tell(nullptr, &kept);
    return true;
  }

  bool put(T object) {
    if (graves_.contains(object.meta.uid)) return false;
    const auto found = objects_.find(object);
    if (found == objects_.end()) return insert(std::move(object));
    if (!kube::is_newer(object.meta.resource_version, found->meta.resource_version)) return false;
    if (object.meta.uid != found->meta.uid) {
      remove(found, object.meta.resource_version);
      return insert(std::move(object));
    }
    return assign(found, std::move(object));
  }

  // As put(), for what a list says: it is newer than what was known by its version.
  void put_listed(Node object, std::string_view list_version) {
    const ObjectMeta& meta = object.value().meta;
    if (graves_.contains(meta.uid) && !kube::is_newer(graves_.gone_by(meta.uid), list_version)) {
      graves_.exhume(meta.uid);
    }
    const auto found = objects_.find(object.value());
    if (found == objects_.end()) {
      if (!graves_.contains(meta.uid)) insert(std::move(object));
      return;
    }
    const bool is_known =
        found->meta.uid == meta.uid && !kube::is_newer(found->meta.resource_version, list_version);
    if (is_known && kube::is_newer(found->meta.resource_version, meta.resource_version)) {
      assign(found, std::move(object.value()));
    } else {
      put(std::move(object.value()));
    }
  }

  // Same key and uid, new content. The node keeps its address.
  bool assign(Place place, T object) {
    unlink(*place);
    auto node = objects_.extract(place);
    const T before = std::exchange(node.value(), std::move(object));
    const T& kept = *objects_.insert(std::move(node)).position;
    link(kept);
    tell(&before, &kept);
    return true;
  }

  void remove(Place place, std::string_view version) {
    unlink(*place);
    graves_.bury(place->meta.uid, version);
    const auto node = objects_.extract(place);
    tell(&node.value(), nullptr);
  }

  void link(const T& object) {
    if (!object.meta.uid.empty()) by_uid_.emplace(object.meta.uid, &object);
    for (Index& index : indexes_) {
      for (std::string& value : index.values_of(object)) {
        index.buckets[std::move(value)].insert(&object);
      }
    }
  }

  void unlink(const T& object) {
    by_uid_.erase(object.meta.uid);
    for (Index& index : indexes_) {
      for (const std::string& value : index.values_of(object)) {
        const auto bucket = index.buckets.find(value);
        if (bucket == index.buckets.end()) continue;  // the same value twice
        bucket->second.erase(&object);
        if (bucket->second.empty()) index.buckets.erase(bucket);
      }
    }
  }

  void tell(const T* before, const T* after) const {
    for (const Listener& listener : listeners_) listener(before, after);
  }

  Objects objects_;
  std::unordered_map<std::string_view, const T*> by_uid_;  // the views are into objects_
  std::vector<Index> indexes_;
  std::vector<Listener> listeners_;
  Tombstones graves_;
  std::string listed_at_;  // the version of the last list
};

}  // namespace berth::runtime
