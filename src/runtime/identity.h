#pragma once
#include "base/result.h"
#include "json/json_fwd.h"
#include "json/object_meta.h"

namespace berth::runtime {

// Which object a JSON document is and at which version: name, namespace, uid, resourceVersion; the
// rest of the ObjectMeta is left empty. Errors: Invalid when it has no name.
Result<ObjectMeta> identity_of(const Json& object);

}  // namespace berth::runtime
