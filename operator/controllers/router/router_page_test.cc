#include "operator/controllers/router/router_page.h"

#include <gtest/gtest.h>

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
  EXPECT_EQ(found.at("fraud").in_flight, 3);
  EXPECT_EQ(found.at("fraud").request_ms, 12'345);
  EXPECT_EQ(found.at("fraud").arrived, 123) << "what is not answered has come, too";
  EXPECT_EQ(found.at("spam").arrived, 7);
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
