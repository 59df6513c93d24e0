#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "cli/documents.h"
#include "cli/live/testing/cluster.h"
#include "kube/fake/call.h"

namespace berth::cli {
namespace {

using testing::LiveCluster;

std::set<std::string> granted_by(const std::string& path) {
  std::set<std::string> rights;
  const auto documents = read_documents(path);
  if (!documents) return {documents.error().message};
  for (const Document& document : *documents) {
    for (const Json& rule : document.value["rules"]) {
      for (const Json& resource : rule["resources"]) {
        for (const Json& verb : rule["verbs"]) {
          rights.insert(verb.get<std::string>() + " " + rule["apiGroups"][0].get<std::string>() +
                        "/" + resource.get<std::string>());
        }
      }
    }
  }
  return rights;
}

std::string right_for(const kube::Request& request) {
  const auto call = kube::fake::parse_call(request);
  if (!call || request.method != kube::Method::Get || call->is_watch() || !call->name.empty()) {
    return "something else than a list: " + request.path;
  }
  return "list " + call->group + "/" + call->plural;
}

TEST(LiveRights, AreThoseOfTheExampleRole) {
  LiveCluster cluster;
  cluster.node("a", 8).name_space("blue");
  cluster.quota("blue", Json::array({LiveCluster::limit(8)}));
  cluster.job("train", "blue", 1, 16);
  for (const std::vector<const char*>& words :
       std::vector<std::vector<const char*>>{{"quota"},
                                             {"queue"},
                                             {"top"},
                                             {"explain", "gpujob/train", "-n", "blue"},
                                             {"plan", "-f", "examples/gpujob.yaml"}}) {
    const auto ran = cluster.run(words);
    EXPECT_LT(ran.exit, 2) << words[0] << ": " << ran.err;
  }
  std::set<std::string> asked;
  for (const kube::Request& request : cluster.asked) asked.insert(right_for(request));
  EXPECT_EQ(asked, granted_by("examples/reader-role.yaml"));
}

}  // namespace
}  // namespace berth::cli
