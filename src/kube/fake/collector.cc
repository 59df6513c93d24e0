#include "kube/fake/collector.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <variant>

#include "kube/fake/objects.h"
#include "kube/fake/writes.h"

namespace berth::kube::fake {
namespace {

Call call_for(const Kind& kind, const Json& object) {
  const auto [name_space, name] = name_of(object);
  return {.group = std::string(kind.resource.group),
          .version = std::string(kind.resource.version),
          .name_space = name_space,
          .plural = std::string(kind.resource.plural),
          .name = name};
}

// Whether that changed anything.
bool remove(World& world, const Kind& kind, const ObjectState& state) {
  const uint64_t before = world.storage.version();
  const auto done = delete_object(world, call_for(kind, state->object()), kind, state,
                                  {.propagation = "Background"});
  return std::holds_alternative<Deleted>(done) && world.storage.version() != before;
}

const Json& owners_of(const Json& object) {
  static const Json none = Json::array();
  const auto& meta = object.at("metadata");
  const auto found = meta.find("ownerReferences");
  return found == meta.end() ? none : *found;
}

bool owner_exists(World& world, const Json& owner, const std::string& name_space) {
  const Kind* kind = world.kinds.find(owner.value("apiVersion", ""), owner.value("kind", ""));
  if (kind == nullptr) return true;  // not ours to judge
  const std::string where = kind->resource.namespaced ? name_space : std::string();
  const ObjectState found =
      world.storage.find(kind->collection(), {where, owner.value("name", "")});
  return found && uid_of(found->object()) == owner.value("uid", "");
}

bool is_orphaned(World& world, const Json& object) {
  const Json& owners = owners_of(object);
  if (owners.empty() || is_deleting(object)) return false;
  const std::string name_space = name_of(object).first;
  return std::none_of(owners.begin(), owners.end(),
                      [&](const Json& owner) { return owner_exists(world, owner, name_space); });
}

// Calls `visit` for every stored object until it says that it changed something; it must say so,
// for the iteration is not good after a change.
template <class Visit>
bool any_object(World& world, Visit visit) {
  for (const auto& [collection, kind] : world.kinds.all()) {
    const Storage::Objects& objects = world.storage.objects(collection);
    for (const auto& [name, state] : objects) {
      if (visit(kind, state)) return true;
    }
  }
  return false;
}

bool owned_by(const Json& object, const std::string& uid) {
  const Json& owners = owners_of(object);
  return std::any_of(owners.begin(), owners.end(),
                     [&](const Json& owner) { return owner.value("uid", "") == uid; });
}

bool has_finalizer(const Json& object, const char* name) {
  const Json::json_pointer at("/metadata/finalizers");
  if (!object.contains(at)) return false;
  return std::find(object[at].begin(), object[at].end(), name) != object[at].end();
}

void take_off(World& world, const Kind& kind, const ObjectState& state, const char* finalizer) {
  Json fresh = state->object();
  Json& finalizers = fresh["metadata"]["finalizers"];
  finalizers.erase(std::find(finalizers.begin(), finalizers.end(), finalizer));
  const Call call = call_for(kind, fresh);
  update_object(world, call, kind, state, std::move(fresh), Part::Object);
}

// A deletion in the foreground waits for the dependents that block it.
bool advance_foreground(World& world, const Kind& kind, const ObjectState& owner) {
  const std::string uid = uid_of(owner->object());
  bool blocked = false;
  const bool deleted = any_object(world, [&](const Kind& of, const ObjectState& dependent) {
    if (!owned_by(dependent->object(), uid)) return false;
    blocked = true;
    return !is_deleting(dependent->object()) && remove(world, of, dependent);
  });
  if (deleted || blocked) return deleted;
  take_off(world, kind, owner, "foregroundDeletion");
  return true;
}

// An orphaning deletion makes the dependents forget their owner first.
bool advance_orphaning(World& world, const Kind& kind, const ObjectState& owner) {
  const std::string uid = uid_of(owner->object());
  const bool forgot = any_object(world, [&](const Kind& of, const ObjectState& dependent) {
    if (!owned_by(dependent->object(), uid)) return false;
    Json fresh = dependent->object();
    Json& owners = fresh["metadata"]["ownerReferences"];
    owners.erase(std::find_if(owners.begin(), owners.end(),
                              [&](const Json& ref) { return ref.value("uid", "") == uid; }));
    const Call call = call_for(of, fresh);
    update_object(world, call, of, dependent, std::move(fresh), Part::Object);
    return true;
  });
  if (!forgot) take_off(world, kind, owner, "orphan");
  return true;
}

bool empty_namespace(World& world, const ObjectState& name_space) {
  const std::string name = name_of(name_space->object()).second;
  bool is_empty = true;
  const bool deleted = any_object(world, [&](const Kind& kind, const ObjectState& state) {
    if (name_of(state->object()).first != name) return false;
    is_empty = false;
    return !is_deleting(state->object()) && remove(world, kind, state);
  });
  if (deleted) return true;
  if (!is_empty || has_finalizers(name_space->object())) return false;
  world.storage.erase("/namespaces", {"", name});
  return true;
}

bool advance(World& world, const Kind& kind, const ObjectState& state) {
  const Json& object = state->object();
  if (is_orphaned(world, object)) return remove(world, kind, state);
  if (!is_deleting(object)) return false;
  if (kind.resource == kNamespaces) return empty_namespace(world, state);
  if (has_finalizer(object, "foregroundDeletion")) return advance_foreground(world, kind, state);
  if (has_finalizer(object, "orphan")) return advance_orphaning(world, kind, state);
  return false;
}

}  // namespace

bool collect_one(World& world) {
  const std::set<Storage::Key> all = world.storage.uncollected();
  for (const Storage::Key& key : all) {
    const auto kind = world.kinds.all().find(key.first);
    if (kind == world.kinds.all().end()) continue;  // no longer served
    const ObjectState state = world.storage.find(key.first, key.second);
    if (advance(world, kind->second, state)) return true;
    // What is going may wait for others to forget it.
    if (!is_deleting(state->object())) world.storage.looked_at(key);
  }
  return false;
}

}  // namespace berth::kube::fake
