#include "json/validate.h"

namespace berth::detail {

const Json* child_of(const Json* json, const char* name) {
  if (json == nullptr) return nullptr;
  const auto found = json->find(std::string_view(name));
  return found == json->end() || found->is_null() ? nullptr : &*found;
}

std::string path_at(const Path& path, std::string_view field_path) {
  return field_path.empty() ? path.text() : Path(path, field_path.substr(1)).text();
}

void refuse_unsupported(const Path& path, const char* name, Violations& found) {
  found.push_back({Path(path, name).text(), std::string(name) + " is not supported yet"});
}

void refuse_change(const Path& path, const char* name, Violations& found) {
  found.push_back({Path(path, name).text(), std::string(name) + " is immutable"});
}

}  // namespace berth::detail
