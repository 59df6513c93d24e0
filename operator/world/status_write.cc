#include "operator/world/status_write.h"

#include <nlohmann/json.hpp>

namespace berth::control {

kube::Request status_write(const kube::Resource& resource, const ObjectMeta& meta, Json object) {
  // What we decoded is not all of the metadata; a status write takes none of it but who and when.
  object["metadata"] = {
      {"name", meta.name}, {"uid", meta.uid}, {"resourceVersion", meta.resource_version}};
  if (!meta.name_space.empty()) object["metadata"]["namespace"] = meta.name_space;
  return kube::replace_status(resource, object);
}

}  // namespace berth::control
