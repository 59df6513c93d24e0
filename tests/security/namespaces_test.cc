#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/codec.h"
#include "api/reservation.h"
#include "kube/request.h"
#include "tests/integration/cluster.h"

// What a tenant names is in its own namespace, whatever it is called elsewhere.
namespace berth::security {
namespace {

using integration::Cluster;
using integration::kH200;
using std::chrono::minutes;
using std::chrono::seconds;

class Namespaces : public ::testing::Test {
 protected:
  Namespaces() { cluster.node("a", 8).quota("blue", 4).quota("green", 4).settle(); }

  void reserve(const std::string& name_space) {
    api::Reservation booked;
    booked.meta.name = "booked";
    booked.meta.name_space = name_space;
    booked.spec.device_class = kH200;
    booked.spec.count = 1;
    booked.spec.start = cluster.clock.now() + minutes(1);
    booked.spec.duration_seconds = 3'600;
    Json object = api::to_json(booked);
    object.erase("status");
    const kube::Response reply = cluster.server.handle(kube::create(kube::kReservations, object));
    ASSERT_EQ(reply.status, 201) << reply.body;
  }

  Cluster cluster;
};

TEST_F(Namespaces, AReservationIsForItsOwnOnly) {
  reserve("green");
  const auto uses = [](api::GpuJob& job) { job.spec.reservation = "booked"; };
  cluster.in("green").job("user", 1, 1, uses).in("blue").job("user", 1, 1, uses);
  cluster.pass(minutes(5));
  EXPECT_EQ(cluster.said("user", "Admitted"), "False NoReservation");
  EXPECT_EQ(cluster.in("green").said("user", "Admitted"), "True Admitted");
}

TEST_F(Namespaces, AJobWaitsForJobsOfItsOwnOnly) {
  cluster.in("green").job("first", 1).behaves("first", {.runs = seconds(5)}).pass(seconds(60));
  ASSERT_EQ(cluster.said("first", "Complete"), "True Completed");
  const auto after_it = [](api::GpuJob& job) { job.spec.depends_on = {"first"}; };
  cluster.job("then", 1, 1, after_it).in("blue").job("then", 1, 1, after_it).pass(seconds(60));
  EXPECT_EQ(cluster.said("then", "Admitted"), "False Dependency");
  EXPECT_EQ(cluster.in("green").said("then", "Admitted"), "True Admitted");
}

}  // namespace
}  // namespace berth::security
