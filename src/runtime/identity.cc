#include "runtime/identity.h"

#include <nlohmann/json.hpp>

namespace berth::runtime {

Result<ObjectMeta> identity_of(const Json& object) {
  const auto meta = object.find("metadata");
  if (meta == object.end() || !meta->is_object()) {
    return Error{Code::Invalid, "an object without metadata"};
  }
  const auto text = [&](const char* name) {
    const auto found = meta->find(name);
    return found != meta->end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  ObjectMeta identity;
  identity.name = text("name");
  identity.name_space = text("namespace");
  identity.uid = text("uid");
  identity.resource_version = text("resourceVersion");
  if (identity.name.empty()) return Error{Code::Invalid, "an object without a name"};
  return identity;
}

}  // namespace berth::runtime
