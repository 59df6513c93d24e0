#include "decisionlog/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "decisionlog/recorded_world.h"
#include "decisionlog/replay.h"
#include "decisionlog/testing/memory_files.h"
#include "sched/core/pass.h"

namespace berth::decisionlog {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr const char* kGpu = "nvidia-h200";

// One node of eight devices, a tenant that may have them all, and jobs of four.
class Logged : public ::testing::Test {
 protected:
  explicit Logged(int64_t file_bytes = 1 << 20)
      : log(files.opened(), {.program = "test", .file_bytes = file_bytes}) {
    log.on_error = [this](const Error& error) { errors.push_back(error.message); };
    world.record_to(log);
    world.set_quotas({{.id = {"blue"}, .parent = {}, .limits = {{kGpu, {.guaranteed = 8}}}}});
    world.set_tiers({{"standard", {.order = 10, .preemptible = true}}});
    node("a", "r1");
  }
  void node(const std::string& name, const std::string& rack) {
    world.set_node({.id = {"", name},
                    .device_class = kGpu,
                    .devices = 8,
                    .room = {64'000, int64_t{1} << 39},
                    .workers = 110,
                    .labels = {{"rack", rack}}});
  }
  void ask(const std::string& name) {
    sched::Ask made{.id = {name}, .name = "team/" + name, .quota = sched::QuotaId{"blue"}};
    made.created = now;
    made.alternatives = {{kGpu, {4}}};
    made.rooms = {{1'000, 1 << 20}};
    made.tier = "standard";
    made.shape = shape_of(made);
    asks.push_back(made);
  }
  // What is admitted runs from then on.
  void pass() {
    std::vector<const sched::Ask*> all;
    for (const sched::Ask& one : asks) all.push_back(&one);
    const auto decisions = sched::run_pass(world, all, now);
    world.record_pass(all, now, decisions);
    for (const sched::Decision& decision : decisions) {
      const auto* admit = std::get_if<sched::Admit>(&decision);
      if (admit == nullptr) continue;
      std::erase_if(asks, [&](const sched::Ask& one) { return one.id == admit->id; });
      world.set_holder({.source = admit->id.uid,
                        .charges = {{admit->nodes.front(),
                                     kGpu,
                                     4,
                                     {1'000, 1 << 20},
                                     sched::ChargeKind::Admitted,
                                     {"blue"}}},
                        .run = {}});
    }
    now += Millis{1'000};
  }
  std::string last_line(int64_t file) const {
    std::string text = files.files.at(file);
    text.pop_back();
    return text.substr(text.rfind('\n') + 1);
  }

  testing::MemoryFiles files;
  DecisionLog log;
  RecordedWorld world;
  std::vector<sched::Ask> asks;
  std::vector<std::string> errors;
  Instant now{std::chrono::hours{490'000}};
};

TEST_F(Logged, SaysOnlyWhatIsNewSinceThePassBefore) {
  for (const char* name : {"one", "two", "three", "four"}) ask(name);
  pass();
  EXPECT_THAT(last_line(1), AllOf(HasSubstr("\"nodes\""), HasSubstr("team/four"),
                                  HasSubstr("\"admit\""), HasSubstr("\"hold\"")));
  pass();
  EXPECT_THAT(last_line(1),
              AllOf(HasSubstr("\"holders\""), HasSubstr("\"gone\":[\"four\",\"one\"]"),
                    Not(HasSubstr("\"nodes\":{")), Not(HasSubstr("team/four"))));
  pass();
  EXPECT_THAT(last_line(1), HasSubstr("\"saw\":{},\"decided\":{\"turns\":"));
}

TEST_F(Logged, HeldWorkIsWrittenOnceHoweverManyPassesItIsHeld) {
  for (int i = 0; i < 500; ++i) ask("job-" + std::to_string(i));
  pass();
  pass();
  world.set_quotas({{.id = {"blue"}, .parent = {}, .limits = {{kGpu, {.guaranteed = 9}}}}});
  pass();  // another number in the message of all
  EXPECT_THAT(last_line(1), HasSubstr("\"texts\":[{\"number\":"));
  EXPECT_LT(last_line(1).size(), 900U);
}

TEST_F(Logged, ItsFirstPassesAreThoseOfTheGoldenFile) {
  node("b", "r2");
  for (const char* name : {"one", "two", "three"}) ask(name);
  for (int i = 0; i < 3; ++i) pass();
  std::ifstream file("tests/golden/decisions.jsonl");
  std::ostringstream golden;
  golden << file.rdbuf();
  EXPECT_EQ(files.files.at(1), golden.str());
}

// That file is as the version before rejected alternatives wrote it.
TEST_F(Logged, AFileOfAnEarlierVersionStillReplaysToTheSame) {
  std::ifstream file("tests/golden/decisions-without-rejected.jsonl");
  std::ostringstream golden;
  golden << file.rdbuf();
  const auto report = replay(golden.str());
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->passes, 3);
  EXPECT_EQ(report->admitted, 2);
  EXPECT_EQ(report->passes_that_differ, 0) << report->first->logged << report->first->replayed;
}

TEST_F(Logged, AFailureEndsItAndAFileThatSaysEverythingFollows) {
  ask("one");
  pass();
  files.fails = Error{Code::Unavailable, "disk full"};
  pass();
  pass();
  EXPECT_THAT(errors, ::testing::ElementsAre("disk full")) << "not once per pass";
  files.fails.reset();
  ask("two");
  pass();
  EXPECT_EQ(files.files.size(), 1U) << "it waits before it tries again";
  now += Millis{60'000};
  ask("three");
  pass();
  ASSERT_EQ(files.files.size(), 2U);
  for (const auto& [number, text] : files.files) {
    const auto report = replay(text);
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_EQ(report->passes_that_differ, 0);
  }
  EXPECT_EQ(replay(files.files.at(2))->first_pass, 5);
}

class LoggedSmall : public Logged {
 protected:
  LoggedSmall() : Logged(2'500) {}
};

TEST_F(LoggedSmall, WhatDoesNotFitIntoAFileEndsTheLogAndNotTheProgram) {
  pass();
  EXPECT_THAT(errors, IsEmpty());
  for (int i = 0; i < 50; ++i) ask("job-" + std::to_string(i));
  pass();
  ASSERT_EQ(errors.size(), 1U);
  EXPECT_THAT(errors.front(), HasSubstr("more than a file may have"));
  for (const auto& [number, text] : files.files) EXPECT_TRUE(replay(text)) << number;
}

TEST_F(Logged, ATruncatedLastLineIsLeftOut) {
  ask("one");
  for (int i = 0; i < 5; ++i) pass();
  const std::string& text = files.files.at(1);
  const size_t last = text.rfind('\n', text.size() - 2);
  for (size_t size = last + 2; size + 1 < text.size(); size += 7) {
    const auto report = replay(std::string_view(text).substr(0, size));
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_TRUE(report->is_truncated);
    EXPECT_EQ(report->passes, 4);
  }
  const auto whole = replay(std::string_view(text).substr(0, text.size() - 1));
  ASSERT_TRUE(whole);
  EXPECT_FALSE(whole->is_truncated) << "only its end of line is missing";
  EXPECT_EQ(whole->passes, 5);
}

}  // namespace
}  // namespace berth::decisionlog
