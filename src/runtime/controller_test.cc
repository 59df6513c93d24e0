#include "runtime/controller.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "kube/fake/fake_server.h"
#include "kube/fake/fake_transport.h"
#include "kube/request.h"

namespace berth::runtime {
namespace {

const ObjectKey kFirst{"default", "a"};
const ObjectKey kSecond{"default", "b"};

// Writes whenever it is asked, and is asked again because of what it wrote: as one who shares an
// object with somebody of another mind.
class Quarrel : public Reconciler {
 public:
  std::function<void(const ObjectKey&)> wake;
  std::map<std::string, int> looked;
  bool writes_too = true;

  Next reconcile(const ObjectKey& key, Writes writes) override {
    ++looked[key.name];
    if (!writes_too) {
      wake(key);
      return {};
    }
    writes.send(
        kube::create(kube::kConfigMaps,
                     {{"metadata", {{"namespace", key.name_space}, {"generateName", key.name}}}}),
        [this, key](Json&&) { wake(key); });
    return {};
  }
};

struct ControllerTest : testing::Test {
  ManualClock clock;
  kube::fake::FakeServer server{clock};
  kube::fake::FakeTransport transport{server, clock};
  Effects effects{transport};
  NoLog log;
  Quarrel quarrel;
  Controller controller{"quarrel", quarrel, effects, clock, log, {}, Pace(10, 50)};

  void SetUp() override {
    quarrel.wake = [this](const ObjectKey& key) { controller.add(key); };
    for (const ObjectKey& key : {kFirst, kSecond}) controller.add(key);
  }
  // As long as there is something to do at this instant, but not for ever.
  void run() {
    for (int round = 0; round < 1000; ++round) {
      const Monotonic next = controller.tick();
      if (transport.poll() == 0 && next > clock.monotonic()) return;
    }
    ADD_FAILURE() << "never at rest";
  }
};

TEST_F(ControllerTest, WhoQuarrelsOverAnObjectWritesAtItsPaceAndNoFaster) {
  run();
  EXPECT_EQ(quarrel.looked["a"], 50) << "a burst, then it waits";
  for (int tenth = 0; tenth < 20; ++tenth) {
    clock.advance(Millis{101});
    run();
  }
  EXPECT_EQ(quarrel.looked["a"], 70);
  EXPECT_EQ(quarrel.looked["b"], 70) << "each object has its own";
}

TEST_F(ControllerTest, WhoWritesNothingIsNotHeldUp) {
  quarrel.writes_too = false;
  for (int i = 0; i < 10; ++i) controller.tick();
  EXPECT_EQ(quarrel.looked["a"] + quarrel.looked["b"], 2560);
}

TEST(Pace, ForgetsObjectsThatAreLetAlone) {
  Pace pace(1, 2);
  const auto at = [](int64_t ms) { return Monotonic{Millis{ms}}; };
  for (int i = 0; i < 10'000; ++i) pace.wrote({"", std::to_string(i)}, at(i * 100));
  EXPECT_LT(pace.remembered(), 200u);
}

TEST(Pace, WithoutALimitRemembersNothing) {
  Pace pace(0);
  for (int i = 0; i < 1000; ++i) pace.wrote(kFirst, Monotonic{});
  EXPECT_EQ(pace.wait(kFirst, Monotonic{}), Millis{0});
  EXPECT_EQ(pace.remembered(), 0u);
}

}  // namespace
}  // namespace berth::runtime
