#include "router/numbers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace berth::router {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::Not;

api::Slo within(int64_t ms) { return {.latency = api::LatencyObjective{.milliseconds = ms}}; }

void answer(Numbers& numbers, Millis after) {
  numbers.count(Variant::Stable, Protocol::Rest, 200, after);
}

TEST(Numbers, CountAsLateWhatIsLaterThanIsPromised) {
  Numbers numbers;
  numbers.set_promise(within(42));
  answer(numbers, milliseconds(42));
  EXPECT_EQ(numbers.late(), 0);
  answer(numbers, milliseconds(43));
  numbers.count(Variant::Candidate, Protocol::Grpc, 0, milliseconds(60'000));
  EXPECT_EQ(numbers.late(), 2);
}

TEST(Numbers, StartAnewWithAnotherBoundAndNotWithAnotherShare) {
  Numbers numbers;
  numbers.set_promise(within(50));
  answer(numbers, milliseconds(70));
  api::Slo stricter = within(50);
  stricter.latency->basis_points = 9990;
  numbers.set_promise(stricter);
  EXPECT_EQ(numbers.late(), 1);
  numbers.set_promise(within(60));
  EXPECT_EQ(numbers.late(), 0);
}

TEST(Numbers, SayNothingOfPromisesWhereThereAreNone) {
  Reading quiet{.endpoint = "fraud"};
  quiet.numbers.set_promise(std::nullopt);
  const std::string page = metrics_text({quiet});
  EXPECT_THAT(page, Not(HasSubstr("berth_router_objective_ratio{")));
  EXPECT_THAT(page, Not(HasSubstr("berth_router_late_requests_total{")));
}

}  // namespace
}  // namespace berth::router
