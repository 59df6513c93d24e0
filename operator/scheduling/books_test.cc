#include "operator/scheduling/books.h"

#include <gtest/gtest.h>

#include "operator/scheduling/testing/device_class.h"

namespace berth::control {
namespace {

class BooksTest : public testing::Test {
 protected:
  void quota(const std::string& name, std::vector<std::string> namespaces, int64_t used = 0) {
    api::Quota made;
    made.meta = meta(name, "", "quota-" + name);
    made.spec.namespaces = std::move(namespaces);
    made.spec.limits = {{.device_class = kH200, .guaranteed = 8}};
    if (used > 0) made.status.limits = {{.device_class = kH200, .used = used}};
    stores.quotas.upsert(made);
  }
  void node(const std::string& name, const std::string& device_class = kH200) {
    translate::Node made;
    made.meta = meta(name, "", "node-" + name);
    made.resource = "nvidia.com/gpu";
    made.device_class = device_class;
    made.devices = 8;
    made.ready = true;
    stores.nodes.upsert(made);
  }
  const api::GpuJob& job(const std::string& name, std::optional<api::Placement> placement = {}) {
    api::GpuJob made;
    made.meta = meta(name, "team", "job-" + name);
    made.status.placement = std::move(placement);
    stores.jobs.upsert(made);
    return *stores.jobs.find({"team", name});
  }
  void pod(const std::string& name, int64_t devices, const std::string& owner = "",
           bool ended = false) {
    translate::Pod made;
    made.meta = meta(name, "team", "pod-" + name);
    if (!owner.empty()) {
      made.meta.owners = {{.api_version = "berth.dev/v1alpha1",
                           .kind = "GpuJob",
                           .name = owner,
                           .uid = "job-" + owner,
                           .controller = true}};
    }
    made.node = "a";
    made.requests.devices["nvidia.com/gpu"] = devices;
    made.phase = ended ? translate::PodPhase::Succeeded : translate::PodPhase::Running;
    stores.pods.upsert(made);
  }
  static api::Placement on_a(int64_t devices, int64_t attempt = 1) {
    return {.attempt = attempt, .workers = {{"", "a", kH200, devices}}};
  }
  int64_t used(const std::string& leaf = "blue") const {
    return at(books.ledger().of({leaf}).admitted);
  }
  int64_t loose() const { return at(books.ledger().of({"blue"}).unadmitted); }
  int64_t on_node() const { return books.ledger().on({"", "a"}).devices; }

  Stores stores;
  Settings settings;
  Books books{stores, settings};

 private:
  static int64_t at(const std::map<sched::DeviceClass, int64_t>& devices) {
    const auto found = devices.find(kH200);
    return found == devices.end() ? 0 : found->second;
  }
  ObjectMeta meta(const std::string& name, const std::string& name_space, const std::string& uid) {
    ObjectMeta made;
    made.name = name;
    made.name_space = name_space;
    made.uid = uid;
    made.resource_version = std::to_string(++version_);
    return made;
  }
  uint64_t version_ = 0;
};

TEST_F(BooksTest, AGrantHoldsItsDevicesFromTheMomentItIsMade) {
  quota("blue", {"team"});
  books.grant(job("train"), on_a(4), {"blue"});
  EXPECT_EQ(used(), 4);
  EXPECT_EQ(on_node(), 4);
  books.revoke("job-train");
  EXPECT_EQ(used(), 0);
}

TEST_F(BooksTest, APlacementTakesOverFromItsGrantWithoutCountingTwice) {
  quota("blue", {"team"});
  books.grant(job("train"), on_a(4), {"blue"});
  job("train", on_a(4));
  EXPECT_EQ(used(), 4);
  EXPECT_EQ(books.find("job-train"), nullptr);
  job("train");
  EXPECT_EQ(used(), 0);
}

TEST_F(BooksTest, WorkersOfThePlacedAttemptAreCoveredByIt) {
  quota("blue", {"team"});
  node("a");
  job("train", on_a(4));
  pod("train-1-0", 4, "train");
  EXPECT_EQ(on_node(), 4);
  EXPECT_EQ(used(), 4);
}

TEST_F(BooksTest, AWorkerWithoutAPlacementStaysOnItsTenantsAccountUntilItEnds) {
  quota("blue", {"team"});
  node("a");
  job("train", on_a(4, 2));
  pod("train-1-0", 4, "train");
  EXPECT_EQ(used(), 8);
  job("train");
  EXPECT_EQ(used(), 4);
  EXPECT_EQ(loose(), 0);
  pod("train-1-0", 4, "train", true);
  EXPECT_EQ(used(), 0);
}

TEST_F(BooksTest, TheOrderInWhichObjectsAreHeardOfDoesNotMatter) {
  pod("train-1-0", 4, "train");
  job("train", on_a(4));
  node("a");
  quota("blue", {"team"});
  EXPECT_EQ(used(), 4);
  EXPECT_EQ(on_node(), 4);
  EXPECT_EQ(loose(), 0);
}

TEST_F(BooksTest, ADeletedJobsWorkersAreChargedUntilTheyAreGone) {
  quota("blue", {"team"});
  node("a");
  const ObjectMeta gone = job("train", on_a(4)).meta;
  pod("train-1-0", 4, "train");
  stores.jobs.erase(gone);
  EXPECT_EQ(used(), 4);
  stores.pods.erase(stores.pods.find({"team", "train-1-0"})->meta);
  EXPECT_EQ(used(), 0);
  EXPECT_EQ(on_node(), 0);
}

TEST_F(BooksTest, ForeignPodsAreUnadmitted) {
  quota("blue", {"team"});
  node("a");
  pod("notebook", 3);
  EXPECT_EQ(loose(), 3);
  EXPECT_EQ(used(), 0);
  EXPECT_EQ(on_node(), 3);
}

TEST_F(BooksTest, ANodeThatGetsItsClassLaterMovesWhatRunsThere) {
  quota("blue", {"team"});
  node("a", "nvidia-unknown");
  pod("notebook", 3);
  EXPECT_EQ(loose(), 0);
  node("a");
  EXPECT_EQ(loose(), 3);
}

// Else its Quota would seem to have room of that class until the node is back, and the pod on it.
TEST_F(BooksTest, APlannedPodKeepsItsClassWhenItsNodeIsGone) {
  quota("blue", {"team"});
  node("a");
  translate::Pod gated;
  gated.meta = {.name = "notebook", .name_space = "team", .uid = "pod-notebook"};
  gated.gated = true;
  gated.requests.devices["nvidia.com/gpu"] = 3;
  stores.pods.upsert(gated);
  books.plan(gated, "a", {"blue"});
  EXPECT_EQ(used(), 3);
  stores.nodes.erase(stores.nodes.find({"", "a"})->meta);
  gated.meta.annotations = {{"berth.dev/plan", "a"}, {"berth.dev/class", kH200}};
  gated.meta.resource_version = "1000";
  stores.pods.upsert(gated);
  EXPECT_EQ(used(), 3) << "as the annotation says, to this leader and to the next";
}

TEST_F(BooksTest, ANamespaceThatChangesHandsTakesItsChargesAlong) {
  quota("blue", {"team"});
  job("train", on_a(4));
  quota("blue", {"other"});
  quota("red", {"team"});
  EXPECT_EQ(used("blue"), 0);
  EXPECT_EQ(used("red"), 4);
}

TEST_F(BooksTest, AGrantOnAnotherQuotasAccountIsTakenBack) {
  quota("blue", {"team"});
  books.grant(job("train"), on_a(4), {"blue"});
  quota("blue", {"other"});
  EXPECT_EQ(books.find("job-train"), nullptr);
  EXPECT_EQ(on_node(), 0);
}

TEST_F(BooksTest, AQuotaThatIsBeingDeletedPaysForNothing) {
  quota("blue", {"team"});
  books.grant(job("train"), on_a(4), {"blue"});
  api::Quota going = *stores.quotas.find({"", "blue"});
  going.meta.deletion = Instant{};
  going.meta.resource_version = "1000";
  stores.quotas.upsert(going);
  EXPECT_EQ(books.tenancy().find("team"), nullptr);
  EXPECT_EQ(books.find("job-train"), nullptr);
}

TEST_F(BooksTest, WhatNothingExplainsIsKeptUntilItIsForgiven) {
  quota("blue", {"team"}, 6);
  job("train", on_a(4));
  books.keep_unexplained();
  EXPECT_EQ(used(), 6);
  books.forgive_unexplained();
  EXPECT_EQ(used(), 4);
}

TEST_F(BooksTest, TellsWhichLeavesChangedOnce) {
  quota("blue", {"team"});
  books.take_touched();
  job("train", on_a(4));
  EXPECT_EQ(books.take_touched(), (std::set<sched::QuotaId>{{"blue"}}));
  EXPECT_TRUE(books.take_touched().empty());
}

TEST_F(BooksTest, AHeartbeatChangesNothing) {
  node("a");
  const uint64_t before = books.version();
  node("a");  // with a newer resourceVersion
  EXPECT_EQ(books.version(), before);
  node("a", "nvidia-l4");
  EXPECT_NE(books.version(), before);
}

}  // namespace
}  // namespace berth::control
