#pragma once
#include <nlohmann/json.hpp>
#include <string_view>
#include <variant>

#include "json/json_fwd.h"
#include "kube/fake/refusal.h"

namespace berth::kube::fake {

// `object` as a JSON patch (RFC 6902) or a merge patch (RFC 7386) makes it. A patch that does not
// fit the object, a failed test among them, is a 422 Invalid, as the real server has it.
std::variant<Json, Refusal> apply_patch(const Json& object, std::string_view content_type,
                                        std::string_view body);

}  // namespace berth::kube::fake
