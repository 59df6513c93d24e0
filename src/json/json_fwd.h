#pragma once
#include <nlohmann/json_fwd.hpp>

// The name of a JSON value for headers that only pass one along: the full library costs a second of
// compile time per file.
namespace berth {

using Json = nlohmann::json;

}  // namespace berth
