#include "kube/reply.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>

#include "kube/request.h"

namespace berth::kube {
namespace {

using testing::HasSubstr;

Json status(int code, const char* reason, const char* message, Json details = Json::object()) {
  return {{"kind", "Status"}, {"apiVersion", "v1"}, {"status", "Failure"},          {"code", code},
          {"reason", reason}, {"message", message}, {"details", std::move(details)}};
}

Error error_for(const Request& request, int code, const char* reason, const char* message,
                Json details = Json::object()) {
  const auto reply = parse_reply(
      request,
      Response{code, std::nullopt, status(code, reason, message, std::move(details)).dump()});
  EXPECT_FALSE(reply.ok());
  return reply.error();
}

TEST(Attempts, AreNamedForPeople) {
  EXPECT_EQ(attempt(patch_merge(kQuotas, "", "blue", Json::object())), "patch Quota blue");
  EXPECT_EQ(attempt(replace_status(kGpuJobs, {{"metadata", {{"namespace", "a"}, {"name", "t"}}}})),
            "replace GpuJob a/t status");
  EXPECT_EQ(attempt(list(kPods)), "list Pod");
  EXPECT_EQ(attempt(watch(kPods, {.select = {.name_space = "a"}})), "watch Pod in a");
  EXPECT_EQ(attempt(bind_pod("a", "p", "u", "n")), "bind Pod a/p");
  EXPECT_EQ(attempt(evict("a", "p")), "evict Pod a/p");
  EXPECT_EQ(attempt(remove_collection(kPods, {.name_space = "a"})), "delete every Pod in a");
  EXPECT_EQ(attempt(get(kNamespaces, "", "a")), "get Namespace a");
  EXPECT_EQ(attempt({.path = "/apis/example.com/v1/namespaces/a/widgets/w"}), "get widgets a/w");
  EXPECT_EQ(attempt({.path = "/readyz"}), "ask for /readyz");
}

TEST(Replies, TheBodyOfASuccessIsTheAnswer) {
  EXPECT_EQ(*parse_reply(get(kPods, "a", "p"), Response{200, std::nullopt, R"({"a":1})"}),
            (Json{{"a", 1}}));
  EXPECT_EQ(parse_reply(get(kPods, "a", "p"), Response{200, std::nullopt, "<html>"}).error(),
            (Error{Code::Unavailable, "get Pod a/p: the reply is not JSON: '<html>'"}));
}

TEST(Replies, AnExchangeThatFailedSaysWhatWasTried) {
  EXPECT_EQ(parse_reply(get(kPods, "a", "p"), Error{Code::Timeout, "no answer in 10 ms"}).error(),
            (Error{Code::Timeout, "get Pod a/p: no answer in 10 ms"}));
}

TEST(Replies, EveryStatusHasItsCode) {
  const Request request = get(kPods, "a", "p");
  const std::pair<int, Code> cases[] = {
      {400, Code::Invalid},     {401, Code::Unauthorized}, {403, Code::Forbidden},
      {404, Code::NotFound},    {405, Code::Invalid},      {408, Code::Timeout},
      {409, Code::Conflict},    {410, Code::Expired},      {413, Code::Invalid},
      {422, Code::Invalid},     {429, Code::Unavailable},  {500, Code::Unavailable},
      {502, Code::Unavailable}, {503, Code::Unavailable},  {504, Code::Timeout},
      {302, Code::Unavailable},
  };
  for (const auto& [http, want] : cases)
    EXPECT_EQ(error_of(request, {.status = http}).code, want) << http;
}

TEST(Replies, AConflictIsToldFromANameThatIsTaken) {
  const Request request = patch_merge(kQuotas, "", "blue", Json::object());
  EXPECT_EQ(error_for(request, 409, "AlreadyExists", "x").code, Code::AlreadyExists);
  EXPECT_EQ(
      error_for(request, 409, "Conflict", "the object has been modified"),
      (Error{Code::Conflict, "patch Quota blue: 409 Conflict: the object has been modified"}));
}

TEST(Replies, AnInvalidObjectIsToldByItsFields) {
  const Error error =
      error_for(create(kQuotas, Json::object()), 422, "Invalid", "Quota \"q\" is invalid: ...",
                {{"causes",
                  {{{"reason", "FieldValueInvalid"},
                    {"field", "spec.limits[0].guaranteed"},
                    {"message", "must not be negative"}},
                   {{"field", "spec.weight"}, {"message", "Required value"}}}}});
  EXPECT_EQ(error, (Error{Code::Invalid,
                          "create Quota: 422 Invalid: spec.limits[0].guaranteed: must not be "
                          "negative; spec.weight: Required value"}));
}

TEST(Replies, TheHeaderSaysHowLongToWait) {
  const Request request = list(kPods);
  EXPECT_EQ(error_of(request, {.status = 503, .retry_after = Millis{5'000}}).retry_after,
            Millis{5'000});
  EXPECT_EQ(error_for(request, 500, "ServerTimeout", "x", {{"retryAfterSeconds", 2}}).retry_after,
            Millis{2'000});
  EXPECT_EQ(error_of(request, {.status = 503, .retry_after = Millis{1LL << 50}}).retry_after,
            Millis{3'600'000});
  EXPECT_EQ(error_of(request, {.status = 429}).retry_after, Millis{1'000});
  EXPECT_EQ(error_of(request, {.status = 500}).retry_after, std::nullopt);
  EXPECT_EQ(error_for(request, 500, "x", "x", {{"retryAfterSeconds", 1e9}}).retry_after,
            std::nullopt);
  EXPECT_EQ(
      error_for(request, 500, "x", "x", {{"retryAfterSeconds", 1'000'000'000'000}}).retry_after,
      Millis{3'600'000});
}

TEST(Replies, AServerThatIsBehindIsAskedAgainSoon) {
  const Error error =
      error_for(list(kPods), 504, "Timeout", "Too large resource version: 9, current: 3",
                {{"causes", {{{"reason", "ResourceVersionTooLarge"}, {"message", "x"}}}}});
  EXPECT_EQ(error.code, Code::Unavailable);
  EXPECT_EQ(error.retry_after, Millis{1'000});
  EXPECT_THAT(error.message, HasSubstr("Too large resource version"));
}

TEST(Replies, AnErrorEventOfAWatchMayBeAnExpiry) {
  EXPECT_EQ(error_of_event(watch(kPods), status(410, "Expired", "too old resource version: 1 (9)")),
            (Error{Code::Expired, "watch Pod: 410 Expired: too old resource version: 1 (9)"}));
  EXPECT_EQ(error_of_event(watch(kPods), Json::array()).code, Code::Unavailable);
}

TEST(Replies, ABodyThatIsNoStatusIsQuotedInShort) {
  const Error error = error_of(
      list(kPods), {.status = 502, .body = "<h1>Bad gateway</h1>" + std::string(9'999, 'x')});
  EXPECT_THAT(error.message, HasSubstr("list Pod: 502: <h1>Bad gateway</h1>xxx"));
  EXPECT_LT(error.message.size(), 300U);
}

// Whatever a server, or something in its place, may put into a Status.
TEST(Replies, NoStatusIsTooStrange) {
  std::mt19937_64 random(5);
  const Json values[] = {nullptr,
                         1,
                         -1,
                         1e300,
                         "x",
                         true,
                         Json::array({1, "a"}),
                         Json::object(),
                         Json{{"causes", 3}},
                         Json{{"causes", {1, Json{{"field", 1}}}}}};
  const char* fields[] = {"code", "reason", "message", "details"};
  for (int i = 0; i < 10'000; ++i) {
    Json body = Json::object();
    for (const char* field : fields) body[field] = values[random() % std::size(values)];
    EXPECT_FALSE(error_of_event(list(kPods), body).message.empty());
    EXPECT_FALSE(error_of(list(kPods), {.status = 500, .body = body.dump()}).message.empty());
  }
}

}  // namespace
}  // namespace berth::kube
