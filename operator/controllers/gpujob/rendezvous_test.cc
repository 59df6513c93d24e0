#include "operator/controllers/gpujob/rendezvous.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "operator/controllers/gpujob/testing/situation.h"

namespace berth::control {
namespace {

using testing::ElementsAre;
using testing::Field;
using testing::IsEmpty;
using testing::SizeIs;

// A gang in its first attempt and what is published of it.
struct Members {
  Situation situation;
  std::deque<translate::Pod> pods;
  std::vector<const translate::Pod*> workers;
  std::deque<Named> slices;
  bool has_service = true;

  explicit Members(size_t count, int64_t attempt = 1) {
    situation.placed(std::vector<std::string>(count, "a"), attempt);
    for (size_t i = 0; i < count; ++i) {
      pods.push_back(worker_of(situation.job, "train", "a", running()));
      pods.back().ip = "10.0.0." + std::to_string(i + 1);
      workers.push_back(&pods.back());
    }
  }
  Members& published(const std::string& name) {
    slices.emplace_back();
    slices.back().meta.name = name;
    return *this;
  }
  Rendezvous plan() const {
    std::vector<const Named*> known;
    for (const Named& slice : slices) known.push_back(&slice);
    return plan_rendezvous(situation.job, workers, known, has_service);
  }
};

TEST(Rendezvous, AGangIsPublishedOnceAllOfItHasAddresses) {
  Members gang(2);
  gang.pods.back().ip.clear();
  EXPECT_THAT(gang.plan().publish, IsEmpty());
  gang.pods.back().ip = "10.0.0.2";
  EXPECT_THAT(gang.plan().publish, ElementsAre(GangSlice{0, {"10.0.0.1", "10.0.0.2"}}));
  gang.published("train-1-0");
  EXPECT_EQ(gang.plan(), Rendezvous{});
}

TEST(Rendezvous, AGangThatLacksAPodIsNotPublished) {
  Members gang(2);
  gang.workers.front() = nullptr;
  EXPECT_THAT(gang.plan().publish, IsEmpty());
}

TEST(Rendezvous, AWorkerThatIsAloneFindsItselfByItsHostName) {
  Members gang(1);
  gang.has_service = false;
  EXPECT_EQ(gang.plan(), Rendezvous{});
  EXPECT_EQ(master_address(gang.situation.job), "train-1-0");
}

TEST(Rendezvous, AGangFindsItsFirstWorkerBelowTheServiceOfItsNamespace) {
  Members gang(2);
  EXPECT_FALSE(gang.plan().create_service);
  gang.has_service = false;
  EXPECT_TRUE(gang.plan().create_service);
  EXPECT_EQ(master_address(gang.situation.job), "train-1-0.berth.blue.svc");
}

TEST(Rendezvous, WhatIsPublishedOfAnEarlierAttemptIsWithdrawn) {
  EXPECT_THAT(Members(2, 3).published("train-2-0").published("train-3-0").plan().withdraw,
              ElementsAre("train-2-0"));
}

TEST(Rendezvous, EverythingIsWithdrawnWhenNoAttemptRuns) {
  Members gang(2);
  gang.published("train-1-0").workers.clear();
  EXPECT_THAT(gang.plan().withdraw, ElementsAre("train-1-0"));
  gang.slices.front().meta.deletion = kTestStart;
  EXPECT_THAT(gang.plan().withdraw, IsEmpty());
}

TEST(Rendezvous, ALargeGangHasAsManySlicesAsTheApiWants) {
  Members gang(kEndpointsMost + 1);
  gang.published("train-1-0");
  EXPECT_THAT(gang.plan().publish, ElementsAre(AllOf(Field(&GangSlice::first, kEndpointsMost),
                                                     Field(&GangSlice::addresses, SizeIs(1)))));
}

TEST(Rendezvous, ASliceNamesEachWorkerByItsHostName) {
  const Members gang(3);
  const Json slice = rendezvous_slice(gang.situation.job, {1, {"10.0.0.2", "10.0.0.3"}});
  EXPECT_EQ(slice["metadata"]["name"], "train-1-1");
  EXPECT_EQ(slice["metadata"]["labels"]["kubernetes.io/service-name"], "berth");
  EXPECT_EQ(slice["metadata"]["ownerReferences"][0]["uid"], "uid-train");
  EXPECT_EQ(slice["addressType"], "IPv4");
  EXPECT_EQ(slice["endpoints"][1]["hostname"], "train-1-2");
  EXPECT_EQ(slice["endpoints"][1]["addresses"], Json::array({"10.0.0.3"}));
  EXPECT_EQ(rendezvous_slice(gang.situation.job, {0, {"fd00::1"}})["addressType"], "IPv6");
}

TEST(Rendezvous, TheServiceSelectsNothing) {
  const Json service = rendezvous_service("blue");
  EXPECT_FALSE(service["spec"].contains("selector"));
  EXPECT_EQ(service["spec"]["clusterIP"], "None");
}

}  // namespace
}  // namespace berth::control
