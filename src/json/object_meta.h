#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/labels.h"
#include "json/rules.h"

namespace berth {

// Who an object belongs to. `controller` marks the one that manages it.
struct OwnerRef {
  std::string api_version;
  std::string kind;
  std::string name;
  std::string uid;
  bool controller = false;
  bool block_owner_deletion = false;

  template <class V>
  static void describe(V& v) {
    v.field("apiVersion", &OwnerRef::api_version, {.required = true}, "Group and version.");
    v.field("kind", &OwnerRef::kind, {.required = true}, "Kind.");
    v.field("name", &OwnerRef::name, {.required = true}, "Name.");
    v.field("uid", &OwnerRef::uid, {.required = true}, "UID; a namesake is not the owner.");
    v.field("controller", &OwnerRef::controller, {}, "True for the one that manages the object.");
    v.field("blockOwnerDeletion", &OwnerRef::block_owner_deletion, {},
            "Foreground deletion of the owner waits for this object.");
  }
  bool operator==(const OwnerRef&) const = default;
};

// The part of every object's metadata that Berth reads. Decoding drops the rest (managed fields are
// most of an object's bytes), so objects are patched or replaced by status only, never written back
// whole.
struct ObjectMeta {
  std::string name;
  std::string name_space;     // empty for cluster-scoped objects
  std::string generate_name;  // the server makes a name from it when `name` is empty
  std::string uid;
  std::string resource_version;
  int64_t generation = 0;
  std::optional<Instant> creation;
  std::optional<Instant> deletion;  // set: the object waits for its finalizers and its grace period
  std::optional<int64_t> deletion_grace_seconds;
  std::vector<std::string> finalizers;
  Labels labels;
  std::map<std::string, std::string> annotations;
  std::vector<OwnerRef> owners;

  template <class V>
  static void describe(V& v) {
    v.field("name", &ObjectMeta::name, {}, "Name.");
    v.field("namespace", &ObjectMeta::name_space, {}, "Namespace.");
    v.field("generateName", &ObjectMeta::generate_name, {}, "Prefix of a name to be made.");
    v.field("uid", &ObjectMeta::uid, {}, "Unique over all time.");
    v.field("resourceVersion", &ObjectMeta::resource_version, {}, "Opaque version.");
    v.field("generation", &ObjectMeta::generation, {}, "Counts changes of the spec.");
    v.field("creationTimestamp", &ObjectMeta::creation, {}, "When it was created.");
    v.field("deletionTimestamp", &ObjectMeta::deletion, {}, "When its deletion was asked for.");
    v.field("deletionGracePeriodSeconds", &ObjectMeta::deletion_grace_seconds, {},
            "Seconds it was given to end.");
    v.field("finalizers", &ObjectMeta::finalizers, {}, "Who has to act before it goes.");
    v.field("labels", &ObjectMeta::labels, {}, "Labels.");
    v.field("annotations", &ObjectMeta::annotations, {}, "Annotations.");
    v.field("ownerReferences", &ObjectMeta::owners, {}, "Owners.");
  }
  bool operator==(const ObjectMeta&) const = default;

  // The owner that manages this object, or nullptr.
  const OwnerRef* controller() const {
    for (const OwnerRef& owner : owners)
      if (owner.controller) return &owner;
    return nullptr;
  }
};

}  // namespace berth
