#include "tests/integration/mirror.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "kube/request.h"

// Two processes of a small operator stand for election and do their work while everything between
// them and the server goes wrong: afterwards the work is right, done, and stays done.
namespace berth::integration {
namespace {

using kube::fake::Fault;

constexpr int kSeeds = 30;
constexpr int kTurns = 300;
const char* const kNames[] = {"a", "b", "c", "d"};

class Storm {
 public:
  explicit Storm(uint64_t seed) : random_(seed), seed_(seed) {
    for (const char* name : {"p0", "p1"}) restart(name);
  }

  void rage() {
    for (int i = 0; i < kTurns; ++i) {
      act_as_user();
      go_wrong();
      turn(Millis{static_cast<Millis::rep>(any(400))});
    }
  }

  // No more faults: what was begun is brought to its end.
  void calm() {
    for (auto& process : processes_) {
      process->transport().clear_faults();
      process->transport().stall_streams(false);
    }
    for (int i = 0; i < 600; ++i) turn(Millis{200});
  }

  void turn(Millis time) {
    for (size_t i = 0; i < processes_.size(); ++i) {
      processes_[i]->turn();
      if (processes_[i]->over()) restart("p" + std::to_string(i));
    }
    int leaders = 0;
    for (const auto& process : processes_) leaders += process->leads() ? 1 : 0;
    two_led_ = two_led_ || leaders > 1;
    if (any(3) == 0) server_.collect_garbage();
    clock_.advance(time);
  }

  // Text by name, of the sources or of their copies.
  std::map<std::string, std::string> texts(const std::string& suffix) {
    std::map<std::string, std::string> texts;
    for (const char* name : kNames) {
      const Json* found = server_.find(kube::kConfigMaps, "default", name + suffix);
      if (found != nullptr) texts[name] = (*found)["data"]["text"];
    }
    return texts;
  }
  int64_t writes() const {
    int64_t sum = 0;
    for (const auto& process : processes_) sum += process->writes();
    return sum;
  }
  bool two_led() const { return two_led_; }

 private:
  uint64_t any(uint64_t below) { return random_() % below; }

  void restart(const std::string& name) {
    const auto index = static_cast<size_t>(name.back() - '0');
    processes_.resize(std::max(processes_.size(), index + 1));
    processes_[index].reset();
    processes_[index] = std::make_unique<Mirror>(server_, clock_, name, seed_ + index);
  }

  void act_as_user() {
    const std::string name = kNames[any(std::size(kNames))];
    const std::string text = std::to_string(any(1000));
    const Json change = {{"data", {{"text", text}}}};
    switch (any(10)) {
      case 0: server_.handle(kube::create(kube::kConfigMaps, source(name, text))); break;
      case 1: server_.handle(kube::remove(kube::kConfigMaps, "default", name)); break;
      case 2: server_.handle(kube::patch_merge(kube::kConfigMaps, "default", name, change)); break;
      case 3:
        server_.handle(kube::patch_merge(kube::kConfigMaps, "default", name + "-copy", change));
        break;
      case 4: server_.handle(kube::remove(kube::kConfigMaps, "default", name + "-copy")); break;
      default: break;
    }
  }

  void go_wrong() {
    const size_t index = any(processes_.size());
    kube::fake::FakeTransport& transport = processes_[index]->transport();
    const auto all = [](const kube::Request&) { return true; };
    switch (any(16)) {
      case 0: return transport.inject({all, Fault::lost_reply()});
      case 1: return transport.inject({all, Fault::refused(), 0, 3});
      case 2: return transport.inject({all, Fault::status(500)});
      case 3: return transport.inject({all, Fault::status(429, Millis{2000})});
      case 4: return transport.inject({all, Fault::slow(Millis{3000})});
      case 5: return transport.inject({all, Fault::status(409)});
      case 6: return transport.cut_streams(Error{Code::Unavailable, "reset"});
      case 7: return transport.cut_streams(Done{});
      case 8: return transport.stall_streams(any(2) == 0);
      case 9: return transport.send_bookmarks();
      case 10:
        if (any(8) == 0) server_.compact();
        return;
      case 11:
        if (any(6) == 0) restart("p" + std::to_string(index));
        return;
      case 12:
        if (any(10) == 0) clock_.advance(std::chrono::seconds(12));  // everybody is paused
        return;
      case 13: return clock_.step_wall(std::chrono::seconds(any(7200)) - std::chrono::hours(1));
      default: return;
    }
  }

  std::mt19937_64 random_;
  uint64_t seed_;
  ManualClock clock_{Instant{std::chrono::hours(500'000)}};
  kube::fake::FakeServer server_{clock_};
  std::vector<std::unique_ptr<Mirror>> processes_;
  bool two_led_ = false;
};

TEST(Mirror, IsRightAndAtRestAfterEveryStorm) {
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Storm storm(seed);
    storm.rage();
    storm.calm();
    EXPECT_EQ(storm.texts("-copy"), storm.texts(""));
    EXPECT_FALSE(storm.two_led());
    const int64_t writes = storm.writes();
    storm.calm();
    EXPECT_EQ(storm.writes(), writes) << "writes although nothing changed";
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace berth::integration
