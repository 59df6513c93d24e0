#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "json/json_fwd.h"
#include "json/object_meta.h"
#include "kube/resource.h"

namespace berth::runtime {

// JSON patches that put a finalizer on an object or take it off; nothing when there is nothing to
// do. They test the uid and the place in the list, so a patch decided on an old state is refused
// (422, Code::Invalid: read again) and can never take off somebody else's finalizer.
//
// Flow: put it on before the first effect outside the object; when `meta.deletion` is set, undo the
// effects; take it off as the last write, after which the object is gone.
std::optional<Json> add_finalizer(const ObjectMeta& meta, std::string_view finalizer);
std::optional<Json> remove_finalizer(const ObjectMeta& meta, std::string_view finalizer);
bool has_finalizer(const ObjectMeta& meta, std::string_view finalizer);

// The controlling owner reference to an object of `owner_kind`, for metadata.ownerReferences.
// blockOwnerDeletion is set, so a foreground deletion of the owner waits for this one.
Json owner_reference(const kube::Resource& owner_kind, const ObjectMeta& owner);

// The uid of the controlling owner of that kind; empty when there is none. The kind and the group
// are compared, never the name.
std::string_view controller_uid(const ObjectMeta& meta, const kube::Resource& owner_kind);

}  // namespace berth::runtime
