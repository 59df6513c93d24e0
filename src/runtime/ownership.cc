#include "runtime/ownership.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace berth::runtime {
namespace {

Json test(const std::string& path, const std::string& value) {
  return {{"op", "test"}, {"path", path}, {"value", value}};
}

}  // namespace

bool has_finalizer(const ObjectMeta& meta, std::string_view finalizer) {
  return std::find(meta.finalizers.begin(), meta.finalizers.end(), finalizer) !=
         meta.finalizers.end();
}

std::optional<Json> add_finalizer(const ObjectMeta& meta, std::string_view finalizer) {
  if (has_finalizer(meta, finalizer)) return std::nullopt;
  Json patch = Json::array({test("/metadata/uid", meta.uid)});
  if (meta.finalizers.empty()) {
    // A list that has come to be meanwhile would be replaced by this, so the version is tested.
    patch.push_back(test("/metadata/resourceVersion", meta.resource_version));
    patch.push_back({{"op", "add"},
                     {"path", "/metadata/finalizers"},
                     {"value", Json::array({std::string(finalizer)})}});
  } else {
    patch.push_back(
        {{"op", "add"}, {"path", "/metadata/finalizers/-"}, {"value", std::string(finalizer)}});
  }
  return patch;
}

std::optional<Json> remove_finalizer(const ObjectMeta& meta, std::string_view finalizer) {
  const auto found = std::find(meta.finalizers.begin(), meta.finalizers.end(), finalizer);
  if (found == meta.finalizers.end()) return std::nullopt;
  const std::string path =
      "/metadata/finalizers/" + std::to_string(found - meta.finalizers.begin());
  return Json::array(
      {test("/metadata/uid", meta.uid), test(path, *found), {{"op", "remove"}, {"path", path}}});
}

Json owner_reference(const kube::Resource& owner_kind, const ObjectMeta& owner) {
  return {{"apiVersion", kube::api_version(owner_kind)},
          {"kind", std::string(owner_kind.kind)},
          {"name", owner.name},
          {"uid", owner.uid},
          {"controller", true},
          {"blockOwnerDeletion", true}};
}

std::string_view controller_uid(const ObjectMeta& meta, const kube::Resource& owner_kind) {
  const OwnerRef* owner = meta.controller();
  if (owner == nullptr || owner->kind != owner_kind.kind) return {};
  const size_t slash = owner->api_version.find('/');
  const std::string_view group = slash == std::string::npos
                                     ? std::string_view{}
                                     : std::string_view(owner->api_version).substr(0, slash);
  return group == owner_kind.group ? std::string_view(owner->uid) : std::string_view{};
}

}  // namespace berth::runtime
