#include "operator/controllers/router/router_page.h"

#include <gtest/gtest.h>

#include <string>

namespace berth::control {
namespace {

constexpr const char* kPage = R"(# HELP berth_router_in_flight Requests that are not answered yet.
# TYPE berth_router_in_flight gauge
berth_router_in_flight{endpoint="fraud"} 3
berth_router_in_flight{endpoint="spam"} 0
berth_router_concurrency_seconds_total{endpoint="fraud"} 12.3456
berth_router_requests_total{endpoint="fraud",variant="stable",protocol="rest",code="200"} 100
berth_router_requests_total{endpoint="fraud",variant="stable",protocol="grpc",code="0"} 20
berth_router_requests_total{endpoint="spam",variant="stable",protocol="rest",code="503"} 7
process_resident_memory_bytes 1e7
)";

TEST(RouterPage, SaysWhatEachEndpointCarriesAndWhatCame) {
  const auto found = parse_router_page(kPage);
  ASSERT_EQ(found.size(), 2U);
  const scaling::RouterCounters& fraud = found.at("fraud").load;
  EXPECT_EQ(fraud.in_flight, 3);
  EXPECT_EQ(fraud.request_ms, 12'345);
  EXPECT_EQ(fraud.arrived, 123) << "what is not answered has come, too";
  EXPECT_EQ(found.at("spam").load.arrived, 7);
}

TEST(RouterPage, CountsAnErrorOnlyWhereWeWereInTheWrong) {
  std::string page;
  const auto answered = [&page](const std::string& protocol, int code, int requests) {
    page += "berth_router_requests_total{endpoint=\"fraud\",variant=\"stable\",protocol=\"" +
            protocol + "\",code=\"" + std::to_string(code) + "\"} " + std::to_string(requests) +
            "\n";
  };
  for (const int good : {200, 400, 404}) answered("rest", good, 100);
  for (const int bad : {500, 503, 504}) answered("rest", bad, 1);
  for (const int good : {0, 3, 5, 12, 16}) answered("grpc", good, 100);
  for (const int bad : {2, 4, 8, 13, 14}) answered("grpc", bad, 1);
  answered("rest", 499, 1'000'000);  // the client had gone
  answered("grpc", 499, 1'000'000);
  const slo::Counted counted = parse_router_page(page).at("fraud").answers;
  EXPECT_EQ(counted.requests, 808);
  EXPECT_EQ(counted.errors, 8);
}

TEST(RouterPage, ACodeThatIsNoneIsNoError) {
  const slo::Counted counted =
      parse_router_page(
          "berth_router_requests_total{endpoint=\"fraud\",protocol=\"grpc\",code=\"9e15\"} 3\n")
          .at("fraud")
          .answers;
  EXPECT_EQ(counted.requests, 3);
  EXPECT_EQ(counted.errors, 0);
}

TEST(RouterPage, HasTheLatencyOfBothVariantsByWholeMilliseconds) {
  std::string page;
  const auto within = [&page](const std::string& variant, const std::string& le, int requests) {
    page += "berth_router_request_duration_seconds_bucket{endpoint=\"fraud\",variant=\"" + variant +
            "\",le=\"" + le + "\"} " + std::to_string(requests) + "\n";
  };
  for (const std::string variant : {"stable", "candidate"}) {
    within(variant, "0.0005", 1);
    within(variant, "0.001", 5);
    within(variant, "0.05", 8);
    within(variant, "+Inf", 9);
  }
  EXPECT_EQ(parse_router_page(page).at("fraud").answers.latency,
            (slo::LatencyHistogram{.upper_ms = {1, 50}, .counts = {10, 6, 2}}));
}

TEST(RouterPage, HasNoLatencyWhereItsBucketsAreNone) {
  const std::string bucket =
      "berth_router_request_duration_seconds_bucket{endpoint=\"fraud\",le=\"";
  for (const std::string& page :
       {bucket + "0.05\"} 8\n", bucket + "0.05\"} 8\n" + bucket + "+Inf\"} 7\n",
        bucket + "nan\"} 8\n", bucket + "-1\"} 8\n"}) {
    EXPECT_TRUE(parse_router_page(page).at("fraud").answers.latency.counts.empty()) << page;
  }
}

TEST(RouterPage, OfSomebodyElseSaysNothing) {
  for (const char* page :
       {"", "\n\n", "<html>", "berth_router_in_flight", "berth_router_in_flight{",
        "berth_router_in_flight{endpoint=\"a\"}", "berth_router_in_flight{} 3",
        "berth_router_in_flight{endpoint=\"a\"} many", "berth_router_in_flight{endpoint=\"a\"} -1",
        "berth_router_in_flight{endpoint=\"a\"} 1e300",
        "berth_router_in_flight{xendpoint=\"a\"} 1"}) {
    EXPECT_TRUE(parse_router_page(page).empty()) << page;
  }
}

}  // namespace
}  // namespace berth::control
