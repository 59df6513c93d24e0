#include "tests/cluster/contract.h"

#include <optional>
#include <utility>

#include "kube/reply.h"

namespace berth::cluster {
namespace {

constexpr Millis kMoment{50};
// Two minutes: the garbage collector looks for new kinds every 30 s, and a loaded machine is slow.
constexpr int kMoments = 2'400;

std::string next_namespace(ContractServer& server) {
  static int made = 0;
  const auto now = server.clock().now().time_since_epoch().count();
  return "contract-" + std::to_string(now) + "-" + std::to_string(++made);
}

Json text(const Json& object, const char* pointer) {
  return object.value(Json::json_pointer(pointer), "");
}

std::string word(const Json& event) {
  const std::string type = event.value("type", "");
  const Json& object = event.at("object");
  if (type == "ERROR") return type + " " + std::to_string(object.value("code", 0));
  if (type != "BOOKMARK") return type + " " + object.at("metadata").value("name", "");
  const Json::json_pointer end("/metadata/annotations/k8s.io~1initial-events-end");
  return object.contains(end) ? "BOOKMARK end" : "BOOKMARK";
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const ServerChoice& choice) {
  return out << choice.name;
}

WatchLog::WatchLog(ContractServer& server, kube::Request request)
    : server_(server),
      id_(server.transport().open(
          std::move(request),
          {.on_line = [this](std::string_view line) { events_.push_back(Json::parse(line)); },
           .on_end = [this](Status ended) { ended_ = ended; }})) {}

WatchLog::~WatchLog() {
  if (!ended_) server_.transport().close(id_);
}

std::vector<std::string> WatchLog::words() const {
  std::vector<std::string> words;
  for (const Json& event : events_) words.push_back(word(event));
  return words;
}

void Contract::SetUp() {
  server_ = GetParam().start();
  if (!server_) GTEST_SKIP() << "BERTH_TEST_KUBECONFIG is not set";
  ns_ = next_namespace(*server_);
  must(kube::create(kube::kNamespaces, {{"metadata", {{"name", ns_}}}}));
}

void Contract::TearDown() {
  if (!server_) return;
  const Result<Json> gone = ask(kube::remove(kube::kNamespaces, "", ns_));
  EXPECT_TRUE(gone.ok() || gone.error().code == Code::NotFound) << gone.error().message;
}

Result<Json> Contract::ask(kube::Request request) {
  std::optional<Result<kube::Response>> response;
  server_->transport().send(request,
                            [&](Result<kube::Response> got) { response = std::move(got); });
  while (!response) server_->let_pass(Millis{0});
  return kube::parse_reply(request, *std::move(response));
}

Json Contract::must(kube::Request request) {
  Result<Json> reply = ask(std::move(request));
  EXPECT_TRUE(reply.ok()) << reply.error().message;
  return reply.ok() ? *std::move(reply) : Json();
}

Code Contract::refusal(kube::Request request) {
  const Result<Json> reply = ask(std::move(request));
  EXPECT_FALSE(reply.ok()) << reply->dump();
  return reply.ok() ? Code::Internal : reply.error().code;
}

bool Contract::eventually(const std::function<bool()>& holds) {
  for (int i = 0; i < kMoments; ++i) {
    if (holds()) return true;
    server_->let_pass(kMoment);
  }
  return false;
}

Json Contract::scope(const std::string& name) const { return {{"name", name}, {"namespace", ns_}}; }

Json Contract::widget(const std::string& name, int count) const {
  return {{"apiVersion", kube::api_version(kWidgets)},
          {"kind", kWidgets.kind},
          {"metadata", scope(name)},
          {"spec", {{"count", count}}}};
}

Json Contract::config_map(const std::string& name) const {
  return {{"metadata", scope(name)}, {"data", {{"key", "value"}}}};
}

Json Contract::pod(const std::string& name) const {
  return {{"metadata", scope(name)},
          {"spec", {{"containers", Json::array({{{"name", "main"}, {"image", "none"}}})}}}};
}

Json Contract::bound_pod(const std::string& name) {
  const Json made = must(kube::create(kube::kPods, pod(name)));
  must(kube::bind_pod(ns_, name, uid_of(made), "node-x"));
  return get(kube::kPods, name);
}

bool Contract::exists(const kube::Resource& resource, const std::string& name) {
  return ask(kube::get(resource, resource.namespaced ? ns_ : "", name)).ok();
}

Json Contract::get(const kube::Resource& resource, const std::string& name) {
  return must(kube::get(resource, resource.namespaced ? ns_ : "", name));
}

std::string version_of(const Json& object) { return text(object, "/metadata/resourceVersion"); }

std::string uid_of(const Json& object) { return text(object, "/metadata/uid"); }

std::vector<std::string> names_of(const Json& list) {
  std::vector<std::string> names;
  for (const Json& item : list.value("items", Json::array())) {
    names.push_back(item.at("metadata").value("name", ""));
  }
  return names;
}

Json owner_reference(const kube::Resource& kind, const Json& owner) {
  return {{"apiVersion", kube::api_version(kind)},
          {"kind", kind.kind},
          {"name", owner.at("metadata").at("name")},
          {"uid", uid_of(owner)},
          {"controller", true},
          {"blockOwnerDeletion", true}};
}

}  // namespace berth::cluster
