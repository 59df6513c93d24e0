#include "json/validate.h"

namespace berth::detail {

const Json* child_of(const Json* json, const char* name) {
  if (json == nullptr) return nullptr;
  const auto found = json->find(name);
  return found == json->end() || found->is_null() ? nullptr : &*found;
}

std::string path_at(const std::string& path, std::string_view field_path) {
  if (field_path.empty()) return path;
  return path_of(path, field_path.substr(1));
}

void refuse_unsupported(const std::string& path, const char* name, Violations& found) {
  found.push_back({path_of(path, name), std::string(name) + " is not supported yet"});
}

void refuse_change(const std::string& path, const char* name, Violations& found) {
  found.push_back({path_of(path, name), std::string(name) + " is immutable"});
}

}  // namespace berth::detail
