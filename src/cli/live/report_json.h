#pragma once
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

// What reports for programs have in common.
namespace berth::cli {

// Null where there is no text.
nlohmann::ordered_json or_null(const std::string& text);
nlohmann::ordered_json or_null(const std::optional<std::string>& text);

// {"kind", "namespace", "name"} of "gpujob/NAMESPACE/NAME" or "pod/NAMESPACE/NAME"; null of
// nothing.
nlohmann::ordered_json object_json(const std::string& name);

}  // namespace berth::cli
