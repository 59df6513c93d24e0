#include "runtime/election.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "kube/fake/fake_server.h"
#include "kube/fake/fake_transport.h"
#include "kube/request.h"

namespace berth::runtime {
namespace {

using kube::fake::FakeServer;
using kube::fake::FakeTransport;
using kube::fake::Fault;

const Json::json_pointer kHolder("/spec/holderIdentity");
const Json::json_pointer kTransitions("/spec/leaseTransitions");

bool is_put(const kube::Request& request) { return request.method == kube::Method::Put; }

// One process that stands for election, with its own line to the server.
struct Candidate {
  Candidate(FakeServer& server, const Clock& clock, const std::string& name)
      : transport(server, clock),
        elector(transport, clock,
                {.name_space = "default", .lease_name = "leader", .identity = name}) {}
  Election& election() { return elector.election(); }

  FakeTransport transport;
  Elector elector;
};

class ElectionTest : public testing::Test {
 protected:
  // Lets `time` pass for those candidates, in tenths of a second.
  void run(Millis time, std::vector<Candidate*> candidates) {
    for (Millis passed{0}; passed < time; passed += Millis{100}) {
      settle(candidates);
      clock_.advance(Millis{100});
    }
    settle(candidates);
  }
  void settle(const std::vector<Candidate*>& candidates) {
    for (int i = 0; i < 4; ++i) {
      for (Candidate* candidate : candidates) {
        candidate->elector.tick();
        candidate->transport.poll();
      }
    }
  }
  bool leads(Candidate& candidate) { return candidate.election().leads(clock_.monotonic()); }
  const Json& lease() { return *server_.find(kube::kLeases, "default", "leader"); }

  ManualClock clock_;
  FakeServer server_{clock_};
  Candidate a_{server_, clock_, "a"};
  Candidate b_{server_, clock_, "b"};
};

TEST_F(ElectionTest, TheFirstToComeLeadsAndTheOtherFollows) {
  run(Millis{3000}, {&a_});
  run(Millis{20'000}, {&a_, &b_});
  EXPECT_TRUE(leads(a_));
  EXPECT_FALSE(leads(b_));
  EXPECT_EQ(b_.election().holder(), "a");
  EXPECT_EQ(a_.election().epoch(), 1);
}

TEST_F(ElectionTest, OfTwoThatCreateTheLeaseOneLeads) {
  run(Millis{5000}, {&a_, &b_});
  EXPECT_NE(leads(a_), leads(b_));
}

TEST_F(ElectionTest, AnotherTakesOverAWholeLeaseAfterTheLastRenewal) {
  run(Millis{3000}, {&a_, &b_});
  ASSERT_TRUE(leads(a_));
  run(Millis{14'000}, {&b_});
  EXPECT_FALSE(leads(b_));
  run(Millis{6000}, {&b_});
  EXPECT_TRUE(leads(b_));
  EXPECT_EQ(b_.election().epoch(), 2);
}

TEST_F(ElectionTest, AFollowerTriesWhenTheLeaseRunsOutAndNotAnIntervalLater) {
  for (int tenth = 0; tenth < 24; ++tenth) {
    FakeServer server(clock_);
    Candidate a(server, clock_, "a");
    Candidate b(server, clock_, "b");
    run(Millis{3000 + tenth * 100}, {&a, &b});
    ASSERT_TRUE(leads(a));
    run(Millis{15'000 + 2'400 + 200}, {&b});  // the Lease, until it was looked at, two round trips
    EXPECT_TRUE(leads(b)) << tenth;
  }
}

TEST_F(ElectionTest, NeverDoTwoLead) {
  for (int i = 0; i < 600; ++i) {
    // `a` hangs now and then, longer than its lease.
    const bool a_hangs = i % 300 > 100;
    run(Millis{100}, a_hangs ? std::vector{&b_} : std::vector{&a_, &b_});
    EXPECT_FALSE(leads(a_) && leads(b_)) << "after " << i * 100 << " ms";
  }
}

TEST_F(ElectionTest, ALeaderThatCannotRenewStopsBeforeItsLeaseEnds) {
  run(Millis{3000}, {&a_});
  a_.transport.inject({is_put, Fault::refused(), 0, 1000});
  run(Millis{11'000}, {&a_});
  EXPECT_FALSE(leads(a_));
  EXPECT_TRUE(a_.election().over());
  EXPECT_EQ(a_.election().why_over(), "not renewed within 10000 ms");
}

TEST_F(ElectionTest, OverIsFinal) {
  run(Millis{3000}, {&a_});
  a_.transport.inject({is_put, Fault::refused(), 0, 1000});
  run(Millis{11'000}, {&a_});
  a_.transport.clear_faults();
  run(Millis{60'000}, {&a_});
  EXPECT_FALSE(leads(a_));
  EXPECT_EQ(a_.elector.tick(), Monotonic::max());
}

TEST_F(ElectionTest, ALeaderThatWasPausedPastItsDeadlineIsOver) {
  run(Millis{3000}, {&a_});
  clock_.advance(Millis{11'000});
  EXPECT_FALSE(leads(a_));
  run(Millis{3000}, {&a_});
  EXPECT_TRUE(a_.election().over());
}

TEST_F(ElectionTest, AFewFailedRenewalsDoNoHarm) {
  run(Millis{3000}, {&a_});
  a_.transport.inject({is_put, Fault::status(500), 0, 3});
  run(Millis{20'000}, {&a_});
  EXPECT_TRUE(leads(a_));
  EXPECT_EQ(a_.election().why_over(), "");
}

TEST_F(ElectionTest, ARenewalWhoseReplyIsLostDoesNoHarm) {
  run(Millis{3000}, {&a_});
  a_.transport.inject({is_put, Fault::lost_reply()});
  run(Millis{20'000}, {&a_});
  EXPECT_TRUE(leads(a_));
  EXPECT_EQ(a_.election().epoch(), 1);
}

TEST_F(ElectionTest, ALeaderIsOverWhenTheLeaseNamesAnother) {
  run(Millis{3000}, {&a_});
  server_.handle(kube::patch_merge(kube::kLeases, "default", "leader",
                                   {{"spec", {{"holderIdentity", "intruder"}}}}));
  run(Millis{3000}, {&a_});
  EXPECT_TRUE(a_.election().over());
  EXPECT_EQ(a_.election().why_over(), "held by intruder");
}

TEST_F(ElectionTest, ALeaderKeepsALeaseThatSomebodyOnlyLabels) {
  run(Millis{3000}, {&a_});
  server_.handle(kube::patch_merge(kube::kLeases, "default", "leader",
                                   {{"metadata", {{"labels", {{"x", "y"}}}}}}));
  run(Millis{20'000}, {&a_});
  EXPECT_TRUE(leads(a_));
  EXPECT_EQ(lease()["metadata"]["labels"]["x"], "y");
}

TEST_F(ElectionTest, ALeaseThatIsDeletedIsMadeAgainWithALaterEpoch) {
  run(Millis{3000}, {&a_});
  server_.handle(kube::remove(kube::kLeases, "default", "leader"));
  run(Millis{5000}, {&a_});
  EXPECT_TRUE(leads(a_));
  EXPECT_EQ(lease()[kTransitions], 2);
  EXPECT_EQ(a_.election().epoch(), 2);
}

TEST_F(ElectionTest, ReleasingLetsAnotherLeadAtOnce) {
  run(Millis{3000}, {&a_, &b_});
  ASSERT_TRUE(leads(a_));
  a_.election().release();
  run(Millis{500}, {&a_});
  EXPECT_TRUE(a_.election().over());
  EXPECT_FALSE(lease().contains(kHolder));
  run(Millis{3000}, {&b_});
  EXPECT_TRUE(leads(b_));
}

TEST_F(ElectionTest, AFollowerThatReleasesIsSimplyOver) {
  run(Millis{3000}, {&a_, &b_});
  b_.election().release();
  run(Millis{500}, {&b_});
  EXPECT_TRUE(b_.election().over());
  EXPECT_EQ(lease()[kHolder], "a");
}

TEST_F(ElectionTest, ARestartInTheSamePodLeadsAtOnceWithALaterEpoch) {
  run(Millis{3000}, {&a_});
  Candidate again(server_, clock_, "a");
  run(Millis{500}, {&again});
  EXPECT_TRUE(leads(again));
  EXPECT_EQ(again.election().epoch(), 2);
}

TEST_F(ElectionTest, AStepOfTheWallClockMovesNothing) {
  run(Millis{3000}, {&a_, &b_});
  clock_.step_wall(std::chrono::hours(24));
  run(Millis{3000}, {&a_, &b_});
  EXPECT_TRUE(leads(a_));
  EXPECT_FALSE(leads(b_));
}

}  // namespace
}  // namespace berth::runtime
