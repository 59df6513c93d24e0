#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "host/entropy.h"
#include "kube/request.h"
#include "tests/cluster/test_server.h"

// What only a real connection can show: HTTP/2 with many streams, large bodies both ways, a
// streaming list beside requests. What the server answers is the contract suite's business.
namespace berth::cluster {
namespace {

using testing::Each;
using testing::SizeIs;

size_t open_sockets() {
  size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;  // the iterator's own descriptor is listed too
    const auto target = std::filesystem::read_symlink(entry.path(), gone);
    if (target.string().starts_with("socket:")) ++count;
  }
  return count;
}

class Client : public testing::Test {
 protected:
  void SetUp() override {
    if (TestServer::get() == nullptr) GTEST_SKIP() << "no BERTH_TEST_KUBECONFIG";
    const Json made = must(create(kube::kNamespaces, {{"metadata", {{"name", ns_}}}}));
    ASSERT_FALSE(made.is_discarded());
  }
  void TearDown() override {
    if (TestServer::get() != nullptr) (void)server().exchange(remove(kube::kNamespaces, "", ns_));
  }

  TestServer& server() { return *TestServer::get(); }
  Json must(const kube::Request& request) {
    auto reply = server().call(request);
    EXPECT_TRUE(reply.ok()) << reply.error().message;
    return reply.ok() ? *std::move(reply) : Json();
  }
  Json config_map(const std::string& name, const std::string& text) const {
    return {{"metadata", {{"name", name}, {"namespace", ns_}}}, {"data", {{"text", text}}}};
  }
  bool eventually(const std::function<bool()>& done) { return server().eventually(done); }

  const std::string ns_ = "client-" + host::unique_suffix(8);
};

TEST_F(Client, ManyRequestsAtATimeShareOneConnection) {
  must(create(kube::kConfigMaps, config_map("a", "x")));
  const size_t before = open_sockets();
  std::vector<int> statuses;
  for (int i = 0; i < 300; ++i)
    server().transport().send(get(kube::kConfigMaps, ns_, "a"),
                              [&](const Result<kube::Response>& reply) {
                                statuses.push_back(reply.ok() ? reply->status : 0);
                              });
  ASSERT_TRUE(eventually([&] { return statuses.size() == 300; }));
  EXPECT_THAT(statuses, Each(200));
  EXPECT_LE(open_sockets(), before);
}

TEST_F(Client, AMegabyteGoesAndComesBack) {
  const std::string text(900'000, 'm');
  const Json made = must(create(kube::kConfigMaps, config_map("large", text)));
  EXPECT_EQ(made["data"]["text"], text);
  EXPECT_EQ(must(get(kube::kConfigMaps, ns_, "large"))["data"]["text"], text);
}

TEST_F(Client, AStreamingListRunsBesideRequests) {
  must(create(kube::kConfigMaps, config_map("a", "1")));
  std::vector<Json> events;
  const kube::StreamId id = server().transport().open(
      watch(kube::kConfigMaps, {.select = {.name_space = ns_}, .initial_events = true}),
      {.on_line = [&](std::string_view line) { events.push_back(Json::parse(line)); },
       .on_end = [&](Status ended) { EXPECT_TRUE(ended.ok()) << ended.error().message; }});
  const auto ends_the_list = [](const Json& event) {
    return event["type"] == "BOOKMARK" &&
           event["object"]["metadata"]["annotations"]["k8s.io/initial-events-end"] == "true";
  };
  ASSERT_TRUE(eventually([&] { return !events.empty() && ends_the_list(events.back()); }));

  for (const char* name : {"b", "c"}) must(create(kube::kConfigMaps, config_map(name, "2")));
  EXPECT_TRUE(eventually(
      [&] { return !events.empty() && events.back()["object"]["metadata"]["name"] == "c"; }));
  server().transport().close(id);
  const size_t heard = events.size();
  must(create(kube::kConfigMaps, config_map("d", "3")));
  EXPECT_THAT(events, SizeIs(heard));
}

TEST_F(Client, TheServerEndsAStreamCleanlyAtItsTime) {
  std::optional<Status> ended;
  server().transport().open(watch(kube::kConfigMaps, {.select = {.name_space = ns_},
                                                      .resource_version = "0",
                                                      .server_timeout = Millis{1'000}}),
                            {.on_line = [](std::string_view) {},
                             .on_end = [&](Status status) { ended = std::move(status); }});
  ASSERT_TRUE(eventually([&] { return ended.has_value(); }));
  EXPECT_TRUE(ended->ok()) << ended->error().message;
}

TEST_F(Client, PagesTogetherAreTheWholeList) {
  for (int i = 0; i < 7; ++i) {
    Json map = config_map("page-" + std::to_string(i), "x");
    map["metadata"]["labels"]["paged"] = "yes";  // every namespace has a map of the server's own
    must(create(kube::kConfigMaps, std::move(map)));
  }
  kube::ListOptions options{.select = {.name_space = ns_, .labels = "paged=yes"}, .limit = 3};
  std::vector<size_t> pages;
  do {
    const Json page = must(list(kube::kConfigMaps, options));
    pages.push_back(page["items"].size());
    options.continue_token = page["metadata"].value("continue", "");
  } while (!options.continue_token.empty());
  EXPECT_EQ(pages, (std::vector<size_t>{3, 3, 1}));
}

TEST_F(Client, AccessReviewsAnswer) {
  const kube::Access access{.verb = "create", .group = "berth.dev", .resource = "gpujobs"};
  EXPECT_EQ(must(self_subject_access_review(access))["status"]["allowed"], true);
  EXPECT_EQ(must(subject_access_review({.user = "nobody"}, access))["status"]["allowed"], false);
}

}  // namespace
}  // namespace berth::cluster
