#include "kube/fake/storage.h"

#include <algorithm>

#include "kube/fake/objects.h"

namespace berth::kube::fake {
namespace {

constexpr size_t kHistoryLimit = 100'000;  // changes per collection

ObjectState make_state(Json object, uint64_t version) {
  object["metadata"]["resourceVersion"] = std::to_string(version);
  return std::make_shared<const Stored>(std::move(object), version);
}

}  // namespace

Stored::Stored(Json object, uint64_t version)
    : object_(std::move(object)),
      version_(version),
      concerns_collector_(is_owned(object_) || is_deleting(object_)) {}

const std::string& Stored::text() const {
  if (text_.empty()) text_ = object_.dump();
  return text_;
}

const Storage::Objects& Storage::objects(const std::string& collection) const {
  static const Objects none;
  const auto found = collections_.find(collection);
  return found == collections_.end() ? none : found->second.objects;
}

ObjectState Storage::find(const std::string& collection, const Name& name) const {
  const Objects& all = objects(collection);
  const auto found = all.find(name);
  return found == all.end() ? nullptr : found->second;
}

ObjectState Storage::put(const std::string& collection, Json object) {
  Collection& place = collections_[collection];
  const Name name = name_of(object);
  const ObjectState after = make_state(std::move(object), ++version_);
  ObjectState before = std::exchange(place.objects[name], after);
  if (after->concerns_collector()) {
    collectable_.emplace(collection, name);
    uncollected_.emplace(collection, name);
  } else if (before && before->concerns_collector()) {
    collectable_.erase({collection, name});
    uncollected_ = collectable_;
  }
  remember(collection, place, {version_, std::move(before), after, false});
  return after;
}

ObjectState Storage::erase(const std::string& collection, const Name& name) {
  Collection& place = collections_[collection];
  auto node = place.objects.extract(name);
  if (node.empty()) return nullptr;
  collectable_.erase({collection, name});
  uncollected_ = collectable_;
  ObjectState last = make_state(node.mapped()->object(), ++version_);
  remember(collection, place, {version_, std::move(node.mapped()), last, true});
  return last;
}

void Storage::remember(const std::string& name, Collection& collection, Change change) {
  if (observer_) observer_(name, change);
  collection.history.push_back(std::move(change));
  if (collection.history.size() <= kHistoryLimit) return;
  collection.compacted = collection.history.front().version;
  collection.history.pop_front();
}

const Change* Storage::next_change(const Collection& collection, uint64_t version) {
  const std::deque<Change>& history = collection.history;
  if (history.empty() || history.back().version <= version) return nullptr;  // as nearly always
  const auto next = std::upper_bound(
      history.begin(), history.end(), version,
      [](uint64_t wanted, const Change& change) { return wanted < change.version; });
  return next == history.end() ? nullptr : &*next;
}

void Storage::compact() {
  compacted_ = version_;
  for (auto& [name, collection] : collections_) collection.history.clear();
  pages_.clear();
}

Storage::Backup Storage::backup() const {
  Backup backup;
  for (const auto& [name, collection] : collections_) backup[name] = collection.objects;
  return backup;
}

void Storage::restore(const Backup& backup) {
  constexpr uint64_t kBump = 1'000;
  version_ += kBump;
  compact();
  for (auto& [name, collection] : collections_) {
    const auto then = backup.find(name);
    collection.objects = then == backup.end() ? Objects() : then->second;
  }
  collectable_.clear();
  for (const auto& [collection, there] : collections_) {
    for (const auto& [name, state] : there.objects) {
      if (state->concerns_collector()) collectable_.emplace(collection, name);
    }
  }
  uncollected_ = collectable_;
}

std::string Storage::keep_page(Page page) {
  std::string token = "page-" + std::to_string(++pages_made_);
  pages_.emplace(token, std::move(page));
  return token;
}

std::optional<Storage::Page> Storage::page(const std::string& token) const {
  const auto found = pages_.find(token);
  if (found == pages_.end()) return std::nullopt;
  return found->second;
}

}  // namespace berth::kube::fake
