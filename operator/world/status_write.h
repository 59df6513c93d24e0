#pragma once
#include "json/json_fwd.h"
#include "json/object_meta.h"
#include "kube/request.h"

namespace berth::control {

// Puts `object` (whole, with the new status in it) over the status subresource, if nobody wrote
// since `resourceVersion`.
kube::Request status_write(const kube::Resource& resource, const ObjectMeta& meta, Json object);

}  // namespace berth::control
