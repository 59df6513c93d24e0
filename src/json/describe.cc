#include "json/describe.h"

#include <algorithm>

namespace berth {

namespace detail {
namespace {

bool is_blank(const Json& json) {
  return json.is_string() ? json.get_ref<const std::string&>().empty()
                          : json.is_structured() && json.empty();
}

}  // namespace

void put(Json& object, const char* name, Json&& value, bool is_blank_kept) {
  if (value.is_null() || (!is_blank_kept && is_blank(value))) return;
  object[name] = std::move(value);
}

const Json* find_field(const Json& object, const char* name, bool is_required, const Path& path,
                       Status& status) {
  const auto found = object.find(std::string_view(name));
  if (found != object.end() && !found->is_null()) return &*found;
  if (is_required) status = Error{Code::Invalid, Path(path, name).text() + ": required"};
  return nullptr;
}

Error wants(const Path& path, std::string_view what) {
  const std::string where = path.text();
  return {Code::Invalid, (where.empty() ? "" : where + ": ") + "want " + std::string(what)};
}

Status decode_bool(const Json& json, bool& out, const Path& path) {
  if (!json.is_boolean()) return wants(path, "boolean");
  out = json.get<bool>();
  return Done{};
}

Status decode_integer(const Json& json, int64_t& out, const Path& path) {
  const bool fits = json.is_number_unsigned()
                        ? json.get<uint64_t>() <= static_cast<uint64_t>(INT64_MAX)
                        : json.is_number_integer();
  if (!fits) return wants(path, "integer");
  out = json.get<int64_t>();
  return Done{};
}

Status decode_text(const Json& json, std::string& out, const Path& path) {
  if (json.is_number_integer()) {  // a quantity may be written as a bare number: cpu: 4
    out = json.dump();
    return Done{};
  }
  if (!json.is_string()) return wants(path, "string");
  out = json.get_ref<const std::string&>();
  return Done{};
}

Status decode_instant(const Json& json, Instant& out, const Path& path) {
  if (!json.is_string()) return wants(path, "an RFC 3339 time");
  const Result<Instant> instant = parse_time(json.get_ref<const std::string&>());
  if (!instant.ok()) return Error{Code::Invalid, path.text() + ": " + instant.error().message};
  out = *instant;
  return Done{};
}

Result<size_t> decode_name(const Json& json, std::span<const std::string_view> names,
                           const Path& path) {
  if (json.is_string()) {
    const auto found = std::find(names.begin(), names.end(), json.get_ref<const std::string&>());
    if (found != names.end()) return static_cast<size_t>(found - names.begin());
  }
  std::string all;
  for (const std::string_view name : names)
    all += (all.empty() ? "one of " : ", ") + std::string(name);
  return wants(path, all);
}

}  // namespace detail
}  // namespace berth
