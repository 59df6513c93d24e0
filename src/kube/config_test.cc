#include "kube/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>

#include "kube/base64.h"
#include "kube/files.h"

namespace berth::kube {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr const char* kTwoClusters = R"(
apiVersion: v1
kind: Config
current-context: dev
contexts:
- {name: dev, context: {cluster: local, user: ada, namespace: blue}}
- {name: prod, context: {cluster: far, user: robot}}
clusters:
- name: local
  cluster: {server: "https://127.0.0.1:6443", certificate-authority: pki/ca.crt}
- name: far
  cluster:
    server: https://10.0.0.1
    tls-server-name: kubernetes
    certificate-authority-data: Q0EgUEVN
users:
- name: ada
  user: {client-certificate: /etc/ada.crt, client-key-data: S0VZ}
- name: robot
  user: {tokenFile: token, token: ignored}
)";

Config choose(const char* text, std::string_view context = "") {
  const auto kubeconfig = parse_kubeconfig(text, "/home/ada/.kube/config");
  EXPECT_TRUE(kubeconfig.ok());
  auto config = choose_context(*kubeconfig, context);
  EXPECT_TRUE(config.ok()) << config.error().message;
  return *config;
}

std::string error_in(const std::string& text) {
  const auto kubeconfig = parse_kubeconfig(text, "FILE");
  if (!kubeconfig) {
    EXPECT_EQ(kubeconfig.error().code, Code::Invalid);
    return kubeconfig.error().message;
  }
  const auto config = choose_context(*kubeconfig, "");
  if (config) return "";
  EXPECT_EQ(config.error().code, Code::Invalid);
  return config.error().message;
}

std::string with_cluster(const std::string& cluster) {
  return "{current-context: c, contexts: [{name: c, context: {cluster: k, user: u}}],"
         "users: [{name: u}], clusters: [{name: k, cluster: {" +
         cluster + "}}]}";
}

std::string with_user(const std::string& user) {
  return "{current-context: c, contexts: [{name: c, context: {cluster: k, user: u}}],"
         "clusters: [{name: k, cluster: {server: 'https://h'}}],"
         "users: [{name: u, user: {" +
         user + "}}]}";
}

TEST(Kubeconfig, TheCurrentContextIsTheDefault) {
  const Config config = choose(kTwoClusters);
  EXPECT_EQ(config.cluster.server, "https://127.0.0.1:6443");
  EXPECT_EQ(config.user.key.text, "KEY");
  EXPECT_EQ(config.name_space, "blue");
}

TEST(Kubeconfig, RelativePathsStartAtTheFile) {
  const Config config = choose(kTwoClusters);
  EXPECT_EQ(config.cluster.ca.file, "/home/ada/.kube/pki/ca.crt");
  EXPECT_EQ(config.user.certificate.file, "/etc/ada.crt");
}

TEST(Kubeconfig, AnotherContextIsAnotherClusterAndUser) {
  const Config config = choose(kTwoClusters, "prod");
  EXPECT_EQ(config.cluster.tls_server_name, "kubernetes");
  EXPECT_EQ(config.cluster.ca.text, "CA PEM");
  EXPECT_EQ(config.user.token, (Material{.file = "/home/ada/.kube/token"}));
  EXPECT_EQ(config.name_space, "default");
}

TEST(Kubeconfig, ReadsJsonToo) {
  EXPECT_EQ(choose(R"({"current-context":"c","contexts":[{"name":"c","context":{"cluster":"k"}}],
                       "clusters":[{"name":"k","cluster":{"server":"https://h"}}]})")
                .cluster.server,
            "https://h");
}

TEST(Kubeconfig, ReadsAnExecPlugin) {
  const Config config = choose(with_user(R"(exec: {apiVersion: client.authentication.k8s.io/v1,
      command: bin/login, args: [--for, ada], env: [{name: A, value: b}], installHint: get it,
      provideClusterInfo: true, interactiveMode: IfAvailable})")
                                   .c_str());
  EXPECT_EQ(config.user.exec, (ExecPlugin{.api_version = "client.authentication.k8s.io/v1",
                                          .command = "/home/ada/.kube/bin/login",
                                          .args = {"--for", "ada"},
                                          .env = {{"A", "b"}},
                                          .install_hint = "get it",
                                          .wants_cluster = true}));
}

TEST(Kubeconfig, MergesAsKubectlDoes) {
  const auto parse = [](const char* text) { return *parse_kubeconfig(text, "f"); };
  const Kubeconfig merged =
      merge(parse("{clusters: [{name: a, cluster: {server: 'https://one'}}], current-context: ''}"),
            parse("{clusters: [{name: a, cluster: {server: 'https://two', tls-server-name: x}},"
                  "{name: b, cluster: {server: 'https://b'}}], current-context: c}"));
  EXPECT_EQ(merged.clusters.at("a"), (ClusterEntry{.server = "https://one"}));
  EXPECT_EQ(merged.clusters.at("b").server, "https://b");
  EXPECT_EQ(merged.current_context, "c");
}

TEST(Kubeconfig, AnErrorNamesTheFileAndTheField) {
  const std::pair<std::string, std::string> cases[] = {
      {"a: [", "FILE: line 1: "},
      {"just text", "FILE: want a kubeconfig"},
      {"clusters: 3", "FILE: clusters: want a list"},
      {"clusters: [{cluster: {}}]", "FILE: clusters[0].name: missing"},
      {"users: [{name: a}, {name: b, user: []}]", "FILE: users[1].user: want a map"},
      {"users: [{name: a, user: {token: [1]}}]", "FILE: users[0].user.token: want text"},
      {with_cluster("server: 'https://h', certificate-authority-data: '%%'"),
       "FILE: clusters[0].cluster.certificate-authority-data: not base64"},
      {with_cluster("server: 'https://h', insecure-skip-tls-verify: maybe"),
       "FILE: clusters[0].cluster.insecure-skip-tls-verify: want true or false"},
      {with_user("client-certificate: a.crt"),
       "FILE: users[0].user: client-certificate and client-key go together"},
      {with_user("exec: {apiVersion: client.authentication.k8s.io/v1beta1}"),
       "FILE: users[0].user.exec.apiVersion: want client.authentication.k8s.io/v1, have"},
      {with_user("exec: {apiVersion: client.authentication.k8s.io/v1}"),
       "FILE: users[0].user.exec.command: missing"},
      {with_user("exec: {apiVersion: client.authentication.k8s.io/v1, command: x,"
                 "interactiveMode: Always}"),
       "FILE: users[0].user.exec.interactiveMode: Always is not supported"},
  };
  for (const auto& [text, want] : cases) EXPECT_THAT(error_in(text), StartsWith(want)) << text;
}

TEST(Kubeconfig, NoErrorShowsACredential) {
  for (const char* const broken :
       {"users: [{name: a, user: {token: [s3cr3t]}}]", "users: [{name: a, user: {token: s3cr3t",
        "users: [{name: a, user: s3cr3t}]", "users: [{name: a, user: {token: 's3cr3t}}]",
        "users: [{name: a, user: {client-certificate-data: cw==, client-key-data: 's3cr3t%'}}]",
        "users: [{name: a, user: {password: s3cr3t, username: a}}]\ncurrent-context: [c]",
        "s3cr3t"}) {
    EXPECT_THAT(error_in(broken), Not(HasSubstr("s3cr3t"))) << broken;
    EXPECT_THAT(error_in(broken), StartsWith("FILE: ")) << broken;
  }
}

TEST(Kubeconfig, WhatWouldActOtherwiseThanWrittenIsRefusedWhenChosen) {
  EXPECT_THAT(error_in(with_cluster("server: 'https://h', insecure-skip-tls-verify: true")),
              StartsWith("FILE: clusters[0].cluster.insecure-skip-tls-verify: not supported, the "
                         "server's certificate is always verified"));
  EXPECT_THAT(error_in(with_cluster("server: 'https://h', proxy-url: 'http://p'")),
              HasSubstr("proxy-url: not supported"));
  for (const char* field : {"username: a", "auth-provider: {name: gcp}", "as: root"})
    EXPECT_THAT(error_in(with_user(field)), HasSubstr("not supported")) << field;
  EXPECT_EQ(error_in(with_cluster("server: 'https://h', insecure-skip-tls-verify: false")), "");
}

TEST(Kubeconfig, TokensTravelInTheClearOnlyInsideTheMachine) {
  EXPECT_THAT(error_in(with_cluster("server: 'http://10.0.0.1'")), HasSubstr("is not https://"));
  EXPECT_THAT(error_in(with_cluster("server: 'http://localhost.evil.example'")),
              HasSubstr("is not https://"));
  EXPECT_EQ(error_in(with_cluster("server: 'http://127.0.0.1:8001'")), "");
}

TEST(Kubeconfig, AContextThatIsNotThereIsNamed) {
  const auto kubeconfig = parse_kubeconfig(kTwoClusters, "f");
  EXPECT_EQ(choose_context(*kubeconfig, "test").error().message,
            "kubeconfig: context 'test': no such context");
  EXPECT_EQ(choose_context(Kubeconfig{}, "").error().message,
            "kubeconfig: no current-context and none given");
}

TEST(Kubeconfig, NoTextIsTooStrange) {
  std::mt19937_64 random(3);
  const std::string seed = kTwoClusters;
  for (int i = 0; i < 1'000; ++i) {
    std::string text = seed;
    for (int change = 0; change < 3; ++change) {
      const size_t at = random() % text.size();
      if (random() % 2 == 0) {
        text.erase(at, random() % 20);
      } else {
        text.insert(at, 1, static_cast<char>(random() % 256));
      }
      if (text.empty()) text = "{";
    }
    if (const auto got = parse_kubeconfig(text, "f"); got) (void)choose_context(*got, "");
  }
  EXPECT_FALSE(parse_kubeconfig(std::string(100'000, '['), "f").ok());
}

// A folder with files that is gone with the test.
class Files {
 public:
  Files() {
    std::string name = (std::filesystem::temp_directory_path() / "berth-config-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~Files() { std::filesystem::remove_all(path_); }
  std::string write(const std::string& name, const std::string& text) const {
    const auto file = std::filesystem::path(path_) / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
    return file.string();
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

TEST(LoadConfig, AListSkipsWhatIsNotThere) {
  const Files files;
  const std::string one = files.write("one", "current-context: dev");
  const std::string two = files.write("two", kTwoClusters);
  const auto config = load_config({.kubeconfig_list = one + "::" + files.path() + "/none:" + two});
  ASSERT_TRUE(config.ok()) << config.error().message;
  EXPECT_EQ(config->cluster.ca.file, files.path() + "/pki/ca.crt");
  EXPECT_EQ(load_config({.kubeconfig_list = files.path() + "/none"}).error().code, Code::NotFound);
  // The flag is meant: that its file is missing is an error, whatever else there is.
  EXPECT_EQ(
      load_config({.kubeconfig = files.path() + "/none", .kubeconfig_list = two}).error().message,
      files.path() + "/none: No such file or directory");
}

TEST(LoadConfig, APodUsesItsServiceAccount) {
  const Files files;
  files.write("sa/token", "secret\n");
  files.write("sa/ca.crt", "CA");
  files.write("sa/namespace", "berth-system");
  const auto config = load_config(
      {.service_host = "fd00::1", .service_port = "443", .account_dir = files.path() + "/sa"});
  ASSERT_TRUE(config.ok()) << config.error().message;
  EXPECT_EQ(config->cluster.server, "https://[fd00::1]:443");
  EXPECT_EQ(config->user.token.file, files.path() + "/sa/token");
  EXPECT_EQ(config->name_space, "berth-system");
  EXPECT_FALSE(load_config({.service_host = "h", .account_dir = files.path()}).ok());
}

TEST(LoadConfig, TheHomeDirectoryIsLast) {
  const Files files;
  files.write(".kube/config", kTwoClusters);
  EXPECT_TRUE(load_config({.home = files.path()}).ok());
  EXPECT_THAT(load_config({.home = "/none"}).error().message, StartsWith("no cluster: "));
}

TEST(Files, SayWhatIsWrong) {
  EXPECT_EQ(read_file("/").error().code, Code::Unavailable);
  EXPECT_EQ(read_file("/none").error().code, Code::NotFound);
  EXPECT_EQ(read_file("/dev/zero").error().code, Code::Invalid);
}

TEST(Base64, RoundTrips) {
  std::mt19937_64 random(1);
  for (size_t length = 0; length < 200; ++length) {
    std::string bytes(length, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    EXPECT_EQ(decode_base64(encode_base64(bytes)), bytes);
  }
  EXPECT_EQ(encode_base64("any carnal pleas"), "YW55IGNhcm5hbCBwbGVhcw==");
  EXPECT_EQ(decode_base64(" YW5 5\n"), "any");
  for (const char* bad : {"A", "AA", "AAA", "====", "AA==AA==", "A===", "AA=A", "A-__"})
    EXPECT_EQ(decode_base64(bad), std::nullopt) << bad;
}

}  // namespace
}  // namespace berth::kube
