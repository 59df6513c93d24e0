#include "kube/credentials.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "json/json_fwd.h"
#include "json/time.h"
#include "kube/exec_credential.h"
#include "kube/token_bucket.h"

namespace berth::kube {
namespace {

using testing::HasSubstr;

class TokenFile {
 public:
  explicit TokenFile(const std::string& text) {
    std::string name = (std::filesystem::temp_directory_path() / "berth-token-XXXXXX").string();
    ::close(mkstemp(name.data()));
    path_ = name;
    write(text);
  }
  ~TokenFile() { remove(); }
  void write(const std::string& text) const { std::ofstream(path_) << text; }
  void remove() const { std::filesystem::remove(path_); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

Config with_token(const Material& token) {
  Config config{.cluster = {.server = "https://h"}};
  config.user.token = token;
  return config;
}

TEST(Credentials, ATokenFileIsReadAgainAfterAMinute) {
  ManualClock clock;
  const TokenFile file("one\n");
  Credentials credentials(with_token({.file = file.path()}), clock);
  EXPECT_EQ((*credentials.current())->token, "one");
  file.write("two");
  clock.advance(Millis{59'000});
  EXPECT_EQ((*credentials.current())->token, "one");
  clock.advance(Millis{1'000});
  EXPECT_EQ((*credentials.current())->token, "two");
}

TEST(Credentials, ARefusalReadsAtOnce) {
  ManualClock clock;
  const TokenFile file("one");
  Credentials credentials(with_token({.file = file.path()}), clock);
  EXPECT_EQ((*credentials.current())->token, "one");
  file.write("two");
  credentials.refused();
  EXPECT_EQ((*credentials.current())->token, "two");
}

TEST(Credentials, AFileThatIsGoneForAMomentChangesNothing) {
  ManualClock clock;
  const TokenFile file("one");
  Credentials credentials(with_token({.file = file.path()}), clock);
  EXPECT_EQ((*credentials.current())->token, "one");
  file.remove();
  clock.advance(Millis{61'000});
  EXPECT_EQ((*credentials.current())->token, "one");
  credentials.refused();  // but a token that was refused is not offered again
  EXPECT_EQ(credentials.current().error().code, Code::NotFound);
}

TEST(Credentials, AFileThatWasNeverThereIsAnError) {
  const ManualClock clock;
  Credentials credentials(with_token({.file = "/none"}), clock);
  EXPECT_EQ(credentials.current().error().message, "/none: No such file or directory");
}

// Under AddressSanitizer, which counts what is left.
TEST(Credentials, WhatWasReadBeforeAnErrorIsNotLeaked) {
  const ManualClock clock;
  Config config = with_token({.file = "/none"});
  config.cluster.ca.text = std::string(64, 'c');
  Credentials credentials(config, clock);
  EXPECT_FALSE(credentials.current().ok());
}

struct Plugin {
  ManualClock clock{Instant{Millis{1'800'000'000'000}}};
  int runs = 0;
  std::string output;
  std::vector<std::pair<std::string, std::string>> env;

  Config config() const {
    Config config{.cluster = {.server = "https://h", .ca = {.text = "CA"}}};
    config.user.exec = ExecPlugin{.api_version = "client.authentication.k8s.io/v1",
                                  .command = "login",
                                  .args = {"--now"},
                                  .env = {{"REGION", "x"}},
                                  .install_hint = "install login",
                                  .wants_cluster = true};
    return config;
  }
  PluginRunner runner() {
    return [this](const std::vector<std::string>& command, const auto& given) {
      EXPECT_EQ(command, (std::vector<std::string>{"login", "--now"}));
      env = given;
      ++runs;
      return output.empty() ? Result<std::string>(Error{Code::NotFound, "No such file"})
                            : Result<std::string>(output);
    };
  }
  static std::string answer(const Json& status) {
    return Json{{"apiVersion", "client.authentication.k8s.io/v1"},
                {"kind", "ExecCredential"},
                {"status", status}}
        .dump();
  }
};

TEST(ExecPlugins, AreAskedAgainShortlyBeforeTheAnswerExpires) {
  Plugin plugin;
  plugin.output = Plugin::answer(
      {{"token", "t1"}, {"expirationTimestamp", format_time(plugin.clock.now() + Millis{60'000})}});
  Credentials credentials(plugin.config(), plugin.clock, plugin.runner());
  EXPECT_EQ((*credentials.current())->token, "t1");
  plugin.clock.advance(Millis{49'000});
  EXPECT_EQ((*credentials.current())->token, "t1");
  EXPECT_EQ(plugin.runs, 1);
  plugin.clock.advance(Millis{1'000});
  EXPECT_TRUE(credentials.current().ok());
  EXPECT_EQ(plugin.runs, 2);
}

TEST(ExecPlugins, AnAnswerWithoutExpiryHoldsUntilItIsRefused) {
  Plugin plugin;
  plugin.output = Plugin::answer({{"clientCertificateData", "CERT"}, {"clientKeyData", "KEY"}});
  Credentials credentials(plugin.config(), plugin.clock, plugin.runner());
  EXPECT_EQ((*credentials.current())->certificate, "CERT");
  plugin.clock.advance(Millis{86'400'000});
  EXPECT_EQ((*credentials.current())->key, "KEY");
  EXPECT_EQ(plugin.runs, 1);
  credentials.refused();
  EXPECT_TRUE(credentials.current().ok());
  EXPECT_EQ(plugin.runs, 2);
}

TEST(ExecPlugins, AreToldWhatTheyAreFor) {
  Plugin plugin;
  plugin.output = Plugin::answer({{"token", "t"}});
  Credentials credentials(plugin.config(), plugin.clock, plugin.runner());
  EXPECT_TRUE(credentials.current().ok());
  ASSERT_EQ(plugin.env.size(), 2U);
  EXPECT_EQ(plugin.env[0], (std::pair<std::string, std::string>{"REGION", "x"}));
  EXPECT_EQ(plugin.env[1].first, "KUBERNETES_EXEC_INFO");
  EXPECT_EQ(plugin.env[1].second,
            R"({"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","spec":{)"
            R"("cluster":{"certificate-authority-data":"Q0E=","server":"https://h"},)"
            R"("interactive":false}})");
}

TEST(ExecPlugins, AFailureNamesThePluginAndHowToGetIt) {
  Plugin plugin;
  Credentials credentials(plugin.config(), plugin.clock, plugin.runner());
  EXPECT_EQ(credentials.current().error(),
            (Error{Code::Unauthorized, "credential plugin 'login': No such file (install login)"}));
  Credentials without(plugin.config(), plugin.clock);
  EXPECT_THAT(without.current().error().message, HasSubstr("does not start any"));
}

TEST(ExecPlugins, OutputThatIsNoCredentialIsRefused) {
  const ExecPlugin plugin = *Plugin{}.config().user.exec;
  const std::pair<std::string, const char*> cases[] = {
      {"login failed", "not a JSON object"},
      {"[]", "not a JSON object"},
      {"{}", "not an ExecCredential"},
      {R"({"kind":"ExecCredential","apiVersion":"v0"})", "apiVersion: want "},
      {Plugin::answer(nullptr), "status: missing"},
      {Plugin::answer(Json::object()), "neither a token nor a client certificate"},
      {Plugin::answer({{"token", 1}}), "status.token: want text"},
      {Plugin::answer({{"clientKeyData", "x"}}), "go together"},
      {Plugin::answer({{"token", "t"}, {"expirationTimestamp", "soon"}}), "soon"},
  };
  for (const auto& [output, want] : cases)
    EXPECT_THAT(parse_exec_credential(plugin, output).error().message, HasSubstr(want)) << output;
}

TEST(TokenBucket, LetsABurstPassAndThenItsRate) {
  TokenBucket bucket(10, 3);
  Monotonic now{};
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(bucket.take(now));
  EXPECT_FALSE(bucket.take(now));
  EXPECT_GE(bucket.wait(now), Millis{100});
  now += bucket.wait(now);
  EXPECT_TRUE(bucket.take(now));
  EXPECT_FALSE(bucket.take(now));
  now += Millis{60'000};  // an idle minute does not save up more than a burst
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(bucket.take(now));
  EXPECT_FALSE(bucket.take(now));
}

TEST(TokenBucket, WithoutARateEverythingPasses) {
  TokenBucket bucket(0, 0);
  for (int i = 0; i < 1'000; ++i) EXPECT_TRUE(bucket.take(Monotonic{}));
  EXPECT_EQ(bucket.wait(Monotonic{}), Millis{0});
}

}  // namespace
}  // namespace berth::kube
