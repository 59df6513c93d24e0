#include "kube/fake/patch.h"

#include <string>

namespace berth::kube::fake {
namespace {

Refusal does_not_fit(std::string why) {
  return {422, "Invalid",
          "the server rejected our request due to an error in our request: " + std::move(why)};
}

std::variant<Json, Refusal> apply_operations(const Json& object, const Json& operations) {
  if (!operations.is_array()) return bad_request("a JSON patch is a list of operations");
  // The library throws for what the world may send; it is stopped here.
  try {
    return object.patch(operations);
  } catch (const Json::exception& error) {
    return does_not_fit(error.what());
  }
}

}  // namespace

std::variant<Json, Refusal> apply_patch(const Json& object, std::string_view content_type,
                                        std::string_view body) {
  const Json patch = Json::parse(body, nullptr, false);
  if (patch.is_discarded()) return bad_request("the patch is not JSON");
  if (content_type == "application/json-patch+json") return apply_operations(object, patch);
  if (content_type != "application/merge-patch+json") {
    return Refusal{415, "UnsupportedMediaType", "the body of the request was in an unknown format"};
  }
  if (!patch.is_object()) return bad_request("a merge patch is an object");
  Json merged = object;
  merged.merge_patch(patch);
  return merged;
}

}  // namespace berth::kube::fake
