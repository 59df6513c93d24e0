#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "json/describe.h"

namespace berth::cluster {

// One row of crd_table.yaml, whose head says what each part means.
struct TableRow {
  std::string says;
  std::string of;
  bool is_update = false;
  bool writes_status = false;
  Json before = Json::object();  // JSON pointer -> value
  Json then = Json::object();    // the same, written to the spec after `before`
  Json set = Json::object();
  std::vector<std::string> drop;
  std::string path;
  std::string message;
};

struct Table {
  std::map<std::string, Json> objects;  // the good ones, by short name
  std::vector<TableRow> bad;
  std::vector<TableRow> good;
};

Table read_table(const std::filesystem::path& path);

// Every document of a YAML file, as JSON.
std::vector<Json> read_manifests(const std::filesystem::path& path);

// Puts every value at its pointer.
void put(Json& object, const Json& values);
void drop(Json& object, const std::vector<std::string>& pointers);

}  // namespace berth::cluster
