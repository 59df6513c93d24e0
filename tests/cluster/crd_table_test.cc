#include "tests/cluster/crd_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <random>
#include <set>
#include <string>

#include "api/registry.h"
#include "kube/request.h"
#include "tests/cluster/test_server.h"

// Every bad object of crd_table.yaml is refused at the same field and in the same words by the API
// server and by validate(); every good one, and every example, is accepted by both.
namespace berth::cluster {
namespace {

using testing::AssertionFailure;
using testing::AssertionResult;
using testing::AssertionSuccess;

const Table& table() {
  static const Table read = read_table("tests/cluster/crd_table.yaml");
  return read;
}

const api::KindEntry& kind_of(const Json& object) {
  const api::KindEntry* kind = api::find_kind(object.at("kind").get<std::string>());
  EXPECT_NE(kind, nullptr) << object.at("kind");
  return *kind;
}

kube::Resource resource_of(const Json& object) {
  const api::KindFacts& facts = kind_of(object).facts;
  return {api::kGroup, api::kVersion, facts.plural, facts.kind, facts.namespaced};
}

AssertionResult refuses(const Violations& found, const TableRow& row) {
  const bool is_named = std::any_of(found.begin(), found.end(), [&](const Violation& violation) {
    return violation.path == row.path && violation.message.find(row.message) != std::string::npos;
  });
  if (is_named) return AssertionSuccess();
  AssertionResult failure = AssertionFailure();
  failure << row.says << ": want " << row.path << ": " << row.message << ", got";
  for (const Violation& violation : found)
    failure << "\n  " << violation.path << ": " << violation.message;
  return found.empty() ? failure << " no objection" : failure;
}

std::string join(const Violations& found) {
  std::string text;
  for (const Violation& violation : found) text += violation.path + ": " + violation.message + "\n";
  return text;
}

// The fields that are named. The API server also says, at no field, that it skipped its rules.
std::set<std::string> paths_of(const Violations& found) {
  std::set<std::string> paths;
  for (const Violation& violation : found)
    if (violation.path != "<nil>") paths.insert(violation.path);
  return paths;
}

// What validate() says of a row.
Violations by_validate(const TableRow& row) {
  Json now = table().objects.at(row.of);
  const api::KindEntry& kind = kind_of(now);
  Json old;
  if (row.is_update) {
    put(now, row.before);
    put(now, row.then);
    old = now;
  }
  put(now, row.set);
  drop(now, row.drop);
  return kind.validate(now, row.is_update ? &old : nullptr);
}

// What the API server said: the causes of a 422, nothing when it accepted.
Violations causes_of(const Result<kube::Response>& response) {
  if (!response.ok()) return {{"", response.error().message}};
  if (response->status < 300) return {};
  const Json status = Json::parse(response->body, nullptr, false);
  if (!status.is_object()) return {{"", response->body}};
  Violations causes;
  for (const Json& cause : status.value("/details/causes"_json_pointer, Json::array()))
    causes.push_back({cause.value("field", ""), cause.value("message", "")});
  if (causes.empty()) causes.push_back({"", status.value("message", response->body)});
  return causes;
}

// Brings crds/ to the server. They may be there from an earlier run or from a chart; they are
// served some time after they were created.
void install_crds(TestServer& server) {
  for (const auto& entry : std::filesystem::directory_iterator("crds")) {
    if (entry.path().extension() != ".yaml") continue;
    const Json definition = read_manifests(entry.path()).at(0);
    server.call(kube::create(kube::kCustomResourceDefinitions, definition)).ok();
  }
  for (const api::KindEntry& kind : api::all_kinds()) {
    const kube::Resource resource{api::kGroup, api::kVersion, kind.facts.plural, kind.facts.kind,
                                  kind.facts.namespaced};
    EXPECT_TRUE(server.eventually([&] { return server.call(kube::list(resource)).ok(); }))
        << kind.facts.plural << " are not served";
  }
}

// Tries rows on the API server. What a row creates is gone again after it.
class ServerTrial {
 public:
  explicit ServerTrial(TestServer& server) : server_(server) { install_crds(server); }

  Violations verdict(const TableRow& row) { return row.is_update ? update(row) : create(row); }

  Violations create(const Json& object) {
    return causes_of(
        server_.exchange(kube::create(resource_of(object), object, {.dry_run = true})));
  }

 private:
  Violations create(const TableRow& row) {
    Json object = table().objects.at(row.of);
    put(object, row.set);
    drop(object, row.drop);
    return create(object);
  }

  Violations update(const TableRow& row) {
    Json object = stored(row);
    put(object, row.set);
    drop(object, row.drop);
    const kube::Resource resource = resource_of(object);
    const kube::WriteOptions options{.dry_run = true};
    const auto request = row.writes_status ? kube::replace_status(resource, object, options)
                                           : kube::replace(resource, object, options);
    const Violations causes = causes_of(server_.exchange(request));
    remove(object);
    return causes;
  }

  // The object as it is on the server before the write that the row is about.
  Json stored(const TableRow& row) {
    Json object = table().objects.at(row.of);
    remove(object);
    put(object, row.before);
    const kube::Resource resource = resource_of(object);
    Json created = need(kube::create(resource, object));
    if (object.contains("status")) {
      created["status"] = object["status"];
      created = need(kube::replace_status(resource, created));
    }
    if (row.then.empty()) return created;
    put(created, row.then);
    return need(kube::replace(resource, created));
  }

  Json need(const kube::Request& request) {
    const Result<Json> reply = server_.call(request);
    EXPECT_TRUE(reply.ok()) << reply.error().message;
    return reply.ok() ? *reply : Json::object();
  }

  void remove(const Json& object) {
    const Json& meta = object.at("metadata");
    const auto response = server_.exchange(
        kube::remove(resource_of(object), meta.value("namespace", ""), meta.value("name", "")));
    EXPECT_TRUE(response.ok() && (response->status < 300 || response->status == 404));
  }

  TestServer& server_;
};

std::vector<Json> examples() {
  std::vector<Json> found;
  for (const auto& entry : std::filesystem::recursive_directory_iterator("examples")) {
    if (entry.path().extension() != ".yaml") continue;
    for (Json& object : read_manifests(entry.path()))
      if (object.value("apiVersion", "") == api::kApiVersion) found.push_back(std::move(object));
  }
  return found;
}

// A status write to a Quota whose limits were just changed: use grows, shrinks, appears and
// vanishes within limits, above them and where there are none, in leaves and in parents.
class RandomUse {
 public:
  explicit RandomUse(uint64_t seed) : engine_(seed) {}

  TableRow row() {
    TableRow row;
    row.says = "random use";
    row.of = below(2) == 0 ? "quota" : "parent";
    row.is_update = true;
    row.writes_status = true;
    row.before["/spec/limits"] = Json::array();
    for (const char* device_class : kClasses)
      row.before["/spec/limits"].push_back({{"class", device_class}, {"guaranteed", 9}});
    row.before["/status"] = status();
    row.then["/spec/limits"] = limits();
    row.set["/status"] = status();
    if (below(8) == 0) row.set["/status"].erase("epoch");
    return row;
  }

 private:
  static constexpr std::array kClasses{"amd-mi300x", "ascend-910b", "nvidia-h200"};

  int64_t below(uint64_t bound) { return static_cast<int64_t>(engine_() % bound); }

  Json limits() {
    Json list = Json::array();
    for (const char* device_class : kClasses) {
      if (below(4) == 0) continue;
      list.push_back({{"class", device_class}, {"guaranteed", below(6)}});
      if (below(2) == 0) list.back()["borrowingLimit"] = below(3);
    }
    return list;
  }

  Json status() {
    Json uses = Json::array();
    for (const char* device_class : kClasses) {
      if (below(4) == 0) continue;
      uses.push_back({{"class", device_class}, {"used", below(6)}});
      if (below(2) == 0) uses.back()["subtreeGuaranteed"] = below(6);
    }
    return {{"epoch", below(3)}, {"limits", std::move(uses)}};
  }

  std::mt19937_64 engine_;
};

TEST(CrdTable, HasAtLeastSixtyBadObjects) { EXPECT_GE(table().bad.size(), 60U); }

TEST(CrdTable, ValidateRefusesEveryBadObject) {
  for (const TableRow& row : table().bad) EXPECT_TRUE(refuses(by_validate(row), row));
}

TEST(CrdTable, ValidateAcceptsEveryGoodObject) {
  for (const TableRow& row : table().good) EXPECT_EQ(join(by_validate(row)), "") << row.says;
}

TEST(CrdTable, ServerRefusesEveryBadObject) {
  if (TestServer::get() == nullptr) GTEST_SKIP() << "no API server";
  ServerTrial trial(*TestServer::get());
  for (const TableRow& row : table().bad) {
    const Violations found = trial.verdict(row);
    EXPECT_TRUE(refuses(found, row));
    EXPECT_EQ(paths_of(found), paths_of(by_validate(row))) << row.says;
  }
}

TEST(CrdTable, ServerAcceptsEveryGoodObject) {
  if (TestServer::get() == nullptr) GTEST_SKIP() << "no API server";
  ServerTrial trial(*TestServer::get());
  for (const TableRow& row : table().good) EXPECT_EQ(join(trial.verdict(row)), "") << row.says;
}

TEST(CrdTable, ServerAndValidateJudgeRandomUseAlike) {
  if (TestServer::get() == nullptr) GTEST_SKIP() << "no API server";
  ServerTrial trial(*TestServer::get());
  size_t refused = 0;
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    const TableRow row = RandomUse(seed).row();
    const auto wanted = paths_of(by_validate(row));
    EXPECT_EQ(paths_of(trial.verdict(row)), wanted) << "seed " << seed;
    refused += wanted.empty() ? 0 : 1;
  }
  EXPECT_GT(refused, 12U) << "or the values are too tame";
  EXPECT_LT(refused, 48U) << "or the values are too wild";
}

TEST(CrdTable, ValidateAcceptsEveryExample) {
  EXPECT_GE(examples().size(), 6U);
  for (const Json& object : examples())
    EXPECT_EQ(join(kind_of(object).validate(object, nullptr)), "") << object.at("metadata");
}

TEST(CrdTable, ServerAcceptsEveryExample) {
  if (TestServer::get() == nullptr) GTEST_SKIP() << "no API server";
  ServerTrial trial(*TestServer::get());
  for (Json object : examples()) {
    // The example's own namespace may not be there, and a dry run needs one.
    if (object["metadata"].contains("namespace")) object["metadata"]["namespace"] = "default";
    EXPECT_EQ(join(trial.create(object)), "") << object.at("metadata");
  }
}

}  // namespace
}  // namespace berth::cluster
