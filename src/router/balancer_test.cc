#include "router/balancer.h"

#include <gtest/gtest.h>

#include <map>

#include "router/concurrency.h"
#include "router/retry_budget.h"

namespace berth::router {
namespace {

constexpr Moment kStart{Micros{1'000'000'000}};
constexpr Micros kSecond{1'000'000};

std::vector<Replica> replicas(int count, Variant variant = Variant::Stable) {
  std::vector<Replica> all;
  for (int i = 0; i < count; ++i) {
    all.push_back({.id = std::string(1, static_cast<char>('a' + i)), .variant = variant});
  }
  return all;
}

std::string pick(Balancer& balancer, Moment now = kStart,
                 const std::vector<std::string>& avoided = {}) {
  const auto picked = balancer.pick(Variant::Stable, now, avoided);
  return picked ? picked->id : "nobody";
}

std::string picks(Balancer& balancer, int count, Moment now = kStart) {
  std::string ids;
  while (count-- > 0) ids += pick(balancer, now);
  return ids;
}

// Requests that fail one after the other, until the replica is ejected; how many it took.
int fail_until_ejected(Balancer& balancer, const std::string& id, Moment now) {
  for (int i = 1; i <= 10; ++i) {
    std::vector<std::string> others;
    for (const char* const other : {"a", "b", "c", "d"}) {
      if (other != id) others.emplace_back(other);
    }
    EXPECT_EQ(pick(balancer, now, others), id);
    if (balancer.finish(id, Outcome::Failed, now)) return i;
  }
  return 0;
}

TEST(Balancer, TakesWhoHasTheFewestInFlightAndInTurnWhereTheyAreEven) {
  Balancer balancer;
  balancer.set(replicas(3));
  EXPECT_EQ(picks(balancer, 3), "abc");
  balancer.finish("b", Outcome::Answered, kStart);
  EXPECT_EQ(pick(balancer), "b");
  for (const char* const id : {"c", "a", "b"}) balancer.finish(id, Outcome::Answered, kStart);
  EXPECT_EQ(pick(balancer), "a") << "who was asked the longest ago";
}

TEST(Balancer, AvoidsWhomItIsToldToUnlessThereIsNobodyElse) {
  Balancer balancer;
  balancer.set(replicas(2));
  EXPECT_EQ(pick(balancer, kStart, {"a"}), "b");
  EXPECT_EQ(pick(balancer, kStart, {"a"}), "b");
  EXPECT_EQ(pick(balancer, kStart, {"a", "b"}), "a");
}

TEST(Balancer, HasNobodyWithoutReplicasOfTheVariant) {
  Balancer balancer;
  EXPECT_EQ(pick(balancer), "nobody");
  balancer.set(replicas(1, Variant::Candidate));
  EXPECT_EQ(pick(balancer), "nobody");
  EXPECT_TRUE(balancer.presence().candidate);
  EXPECT_FALSE(balancer.presence().stable);
}

TEST(Balancer, LeavesOutWhoFailsSeveralTimesInARowAndLongerEachTime) {
  Balancer balancer;
  balancer.set(replicas(2));
  EXPECT_EQ(fail_until_ejected(balancer, "a", kStart), 5);
  EXPECT_EQ(picks(balancer, 2), "bb");
  const Moment back = kStart + 5 * kSecond;
  EXPECT_EQ(fail_until_ejected(balancer, "a", back), 1) << "on trial";
  EXPECT_EQ(pick(balancer, back + 9 * kSecond), "b");
  EXPECT_EQ(pick(balancer, back + 10 * kSecond), "a");
}

TEST(Balancer, ForgetsFailuresAfterAnAnswer) {
  Balancer balancer;
  balancer.set(replicas(2));
  for (int i = 0; i < 20; ++i) {
    pick(balancer, kStart, {"b"});
    EXPECT_FALSE(balancer.finish("a", i % 3 == 2 ? Outcome::Answered : Outcome::Failed, kStart));
  }
}

TEST(Balancer, NeverLeavesOutMoreThanHalf) {
  Balancer balancer;
  balancer.set(replicas(1));
  EXPECT_EQ(fail_until_ejected(balancer, "a", kStart), 0);
  balancer.set(replicas(3));
  EXPECT_NE(fail_until_ejected(balancer, "b", kStart), 0);
  EXPECT_EQ(fail_until_ejected(balancer, "c", kStart), 0);
}

TEST(Balancer, KeepsWhatItKnowsOfReplicasThatStay) {
  Balancer balancer;
  balancer.set(replicas(2));
  EXPECT_EQ(pick(balancer), "a");
  balancer.set(replicas(3));
  EXPECT_EQ(picks(balancer, 2), "bc");
  balancer.set(replicas(1));
  balancer.finish("b", Outcome::Answered, kStart);  // gone meanwhile
  EXPECT_EQ(pick(balancer), "a");
  EXPECT_EQ(balancer.size(Variant::Stable), 1U);
}

TEST(RetryBudget, AllowsAShareOfTheRequestsAndAFewBesides) {
  RetryBudget budget;
  for (int i = 0; i < 1'000; ++i) budget.count_request(kStart);
  int taken = 0;
  while (taken < 1'000 && budget.take(kStart)) ++taken;
  EXPECT_EQ(taken, 1'000 / 5 + 100);
  EXPECT_FALSE(budget.take(kStart + 9 * kSecond));
  EXPECT_TRUE(budget.take(kStart + 10 * kSecond)) << "that was long ago";
}

TEST(Concurrency, IsTheIntegralOfWhatIsInFlight) {
  Concurrency load;
  load.add(1, kStart);
  load.add(1, kStart + 2 * kSecond);
  load.add(-1, kStart + 3 * kSecond);
  EXPECT_DOUBLE_EQ(load.request_seconds(kStart + 4 * kSecond), 2 + 2 + 1);
  load.add(-1, kStart + 3 * kSecond);  // read before another thread's
  EXPECT_DOUBLE_EQ(load.request_seconds(kStart + 9 * kSecond), 5);
  EXPECT_EQ(load.in_flight(), 0);
}

}  // namespace
}  // namespace berth::router
