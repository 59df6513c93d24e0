#pragma once
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <variant>

#include "json/json_fwd.h"
#include "kube/fake/call.h"
#include "kube/fake/kinds.h"
#include "kube/fake/refusal.h"
#include "kube/fake/storage.h"
#include "kube/fake/world.h"

// What the writing verbs do to the storage. Each gives the state that the client is answered with.
namespace berth::kube::fake {

using Written = std::variant<ObjectState, Refusal>;

Written create_object(World& world, const Call& call, const Kind& kind, Json fresh);

// Which half of an object a write means.
enum class Part { Object, Status };

// Puts `fresh` in the place of `old`, as far as that part goes. Conflict when `fresh` carries
// another resourceVersion or uid. The object goes when it was only waiting for its finalizers.
Written update_object(World& world, const Call& call, const Kind& kind, const ObjectState& old,
                      Json fresh, Part part);

// DeleteOptions, as far as they are understood.
struct Deletion {
  std::string uid;
  std::string resource_version;
  std::string propagation;
  int64_t grace_seconds = -1;  // below zero: not said
  bool dry_run = false;
};
std::variant<Deletion, Refusal> parse_deletion(const Call& call, const std::string& body);

// `gone`: the object is there no more; else it waits for its finalizers or its grace period.
struct Deleted {
  ObjectState last;
  bool gone = false;
};
std::variant<Deleted, Refusal> delete_object(World& world, const Call& call, const Kind& kind,
                                             const ObjectState& old, const Deletion& deletion);

}  // namespace berth::kube::fake
