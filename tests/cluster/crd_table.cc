#include "tests/cluster/crd_table.h"

#include <yaml-cpp/yaml.h>

namespace berth::cluster {
namespace {

// A plain scalar is what JSON takes it for, a quoted one ("!" to yaml-cpp) is text.
Json scalar_of(const YAML::Node& node) {
  const std::string& text = node.Scalar();
  if (node.Tag() == "!") return text;
  Json json = Json::parse(text, nullptr, false);
  return json.is_discarded() || json.is_structured() || json.is_string() ? Json(text) : json;
}

Json json_of(const YAML::Node& node) {
  if (node.IsScalar()) return scalar_of(node);
  if (node.IsSequence()) {
    Json list = Json::array();
    for (const YAML::Node& item : node) list.push_back(json_of(item));
    return list;
  }
  if (!node.IsMap()) return Json();
  Json map = Json::object();
  for (const auto& entry : node) map[entry.first.Scalar()] = json_of(entry.second);
  return map;
}

TableRow row_of(const Json& json) {
  TableRow row;
  row.says = json.at("says");
  row.of = json.at("of");
  row.is_update = json.contains("before");
  row.writes_status = json.value("write", "object") == "status";
  row.before = json.value("before", Json::object());
  row.then = row.before.value("then", Json::object());
  row.before.erase("then");
  row.set = json.value("set", Json::object());
  row.drop = json.value("drop", std::vector<std::string>{});
  row.path = json.value("path", "");
  row.message = json.value("message", "");
  return row;
}

}  // namespace

Table read_table(const std::filesystem::path& path) {
  const Json json = json_of(YAML::LoadFile(path));
  Table table;
  for (const auto& [name, object] : json.at("objects").items()) table.objects[name] = object;
  for (const Json& row : json.at("bad")) table.bad.push_back(row_of(row));
  for (const Json& row : json.at("good")) table.good.push_back(row_of(row));
  return table;
}

std::vector<Json> read_manifests(const std::filesystem::path& path) {
  std::vector<Json> documents;
  for (const YAML::Node& node : YAML::LoadAllFromFile(path)) documents.push_back(json_of(node));
  return documents;
}

void put(Json& object, const Json& values) {
  for (const auto& [pointer, value] : values.items()) object[Json::json_pointer(pointer)] = value;
}

void drop(Json& object, const std::vector<std::string>& pointers) {
  for (const std::string& text : pointers) {
    const Json::json_pointer pointer(text);
    object.at(pointer.parent_pointer()).erase(pointer.back());
  }
}

}  // namespace berth::cluster
