#include "cli/live/report_json.h"

namespace berth::cli {

using nlohmann::ordered_json;

ordered_json or_null(const std::string& text) {
  return text.empty() ? ordered_json(nullptr) : ordered_json(text);
}

ordered_json or_null(const std::optional<std::string>& text) {
  return text ? ordered_json(*text) : ordered_json(nullptr);
}

ordered_json object_json(const std::string& name) {
  const size_t kind = name.find('/');
  const size_t name_space = name.find('/', kind + 1);
  if (kind == std::string::npos || name_space == std::string::npos) return nullptr;
  return ordered_json{{"kind", name.starts_with("gpujob/") ? "GpuJob" : "Pod"},
                      {"namespace", name.substr(kind + 1, name_space - kind - 1)},
                      {"name", name.substr(name_space + 1)}};
}

}  // namespace berth::cli
