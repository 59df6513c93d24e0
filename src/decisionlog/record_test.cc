#include "decisionlog/record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "decisionlog/chain.h"
#include "decisionlog/replay.h"

namespace berth::decisionlog {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// Every member away from its default, extremes included.
Record full() {
  Record record{.pass = 7, .now = Instant::max(), .saw = {}, .decided = {}};
  Changes& saw = record.saw.changes;
  sched::Ask ask{.id = {"uid"}, .name = "team/\"quoted\"\n\x01ü", .quota = sched::QuotaId{""}};
  ask.priority = std::numeric_limits<int64_t>::min();
  ask.alternatives = {{"", {1, 2}}};
  ask.rooms = {{1, 2}, {}};
  ask.only = std::set<sched::NodeId>{};
  ask.avoid = {{"", "a"}, {"far", "b"}, {"", "odd/name"}};
  ask.near = sched::Nearness{{"rack"}, true};
  ask.max_runtime = Millis::max();
  ask.shape = "shape";
  std::get<Change<sched::Ask>>(saw) = {{ask}, {"gone", ""}};
  sched::Holder holder{.source = "h", .charges = {{}}, .run = sched::Run{}, .leaving = true};
  holder.run->least_workers = 2;
  holder.run->job.last_checkpoint = Instant{Millis{-1}};
  std::get<Change<sched::Holder>>(saw).set = {holder};
  std::get<Change<sched::Node>>(saw).set = {{.id = {"c", "n"}, .labels = {{"", ""}, {"k", "v"}}}};
  std::get<Change<NamedTier>>(saw).set = {{"t", {.max_queue = Millis{1}}}};
  std::get<Change<sched::Quota>>(saw).set = {
      {.id = {"q"}, .parent = sched::QuotaId{"p"}, .limits = {{"c", {.lending = 0}}}}};
  std::get<Change<Fairness>>(saw).set = {{{{"c", {2, 1}}}, 5}};
  std::get<Change<Lately>>(saw).set = {{{"q"}, {{"c", 9}}}};
  std::get<Change<sched::Outlook>>(saw).set = {
      {.mix = {{.classes = {"c"}}}, .prices = {{"c", -1}}, .waste = {0, 1}}};
  record.decided.admit = {{{"a"}, {"q"}, "c", {1}, {{"", "n"}}}};
  record.decided.preempt = {
      {{"p"}, {{"p"}, {"q"}, "c", {1}, {{"", "n"}}}, {{{"v"}, 1, 2, {{"c", "n"}}}}}};
  record.decided.admit.front().rejected = {
      {.what = sched::Rejected::What::Victims,
       .why = sched::Rejected::Why::NotAllowed,
       .name = "far/n",
       .workers = 3,
       .reason = sched::Reason::LentOut,
       .its = -1,
       .taken = 0,
       .victims = {{"v"}, {""}}},
      {.what = sched::Rejected::What::Domain, .why = sched::Rejected::Why::Worse}};
  record.decided.hold.texts = {{3, sched::Reason::Reserved, "why", Instant::min()}};
  record.decided.hold.of = {{{"x"}, 3}};
  record.decided.turns = "0";
  return record;
}

std::string line_of(const Record& record) {
  std::string hash;
  std::string line = seal(body_of(record), hash);
  line.pop_back();
  return line;
}

TEST(Record, IsReadAsItWasWrittenWhateverItsValues) {
  const std::string line = line_of(full());
  const auto again = parse_record(line);
  ASSERT_TRUE(again) << again.error().message << "\n" << line;
  EXPECT_EQ(line_of(*again), line);
  const auto& ask = std::get<Change<sched::Ask>>(again->saw.changes).set.front();
  EXPECT_EQ(ask.name, "team/\"quoted\"\n\x01ü");
  EXPECT_TRUE(ask.only && ask.only->empty()) << "nowhere is not anywhere";
  EXPECT_EQ(ask.avoid.count({"", "odd/name"}), 1U);
}

TEST(Record, WhatItDoesNotKnowIsRefused) {
  std::string line = line_of(full());
  line.insert(line.find("\"pass\""), "\"other\":1,");
  EXPECT_THAT(parse_record(line).error().message, StartsWith("says more than this version knows"));
  EXPECT_THAT(parse_record("{\"pass\":1.5,\"hash\":\"\"}").error().message,
              HasSubstr("want an integer"));
  EXPECT_THAT(parse_record("{}").error().message, HasSubstr("pass"));
  EXPECT_THAT(parse_record("[").error().message, HasSubstr("not JSON"));
}

TEST(Record, AnotherFormatIsRefusedByItsNumber) {
  std::string body = body_of(Header{.program = "x", .previous = {}, .settings = {}});
  EXPECT_TRUE(parse_header(body.substr(0, body.size())));
  body.replace(body.find(":1") + 1, 1, "2");
  EXPECT_THAT(parse_header(body).error().message, HasSubstr("format 2 is not known"));
  EXPECT_THAT(parse_header("hello").error().message, HasSubstr("not the beginning"));
}

class Damaged : public ::testing::TestWithParam<uint32_t> {};

TEST_P(Damaged, IsReadOrRefusedButNeverWorse) {
  std::mt19937 random(GetParam());
  const std::string whole = line_of(full());
  for (int i = 0; i < 300; ++i) {
    std::string line = whole;
    for (uint32_t changes = 1 + random() % 4; changes > 0; --changes) {
      const size_t at = random() % line.size();
      switch (random() % 4) {
        case 0: line[at] = static_cast<char>(random()); break;
        case 1: line.erase(at, random() % 20); break;
        case 2: line.insert(at, line.substr(random() % line.size(), random() % 30)); break;
        default: line.insert(at, std::string(1, "{}[]\",:0-e"[random() % 10]));
      }
      if (line.empty()) line = "{";
    }
    if (const auto read = parse_record(line)) {
      EXPECT_EQ(std::string(body_of_line(line)) + "}", body_of(*read));
    }
    EXPECT_FALSE(replay(line + "\n"));
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, Damaged, ::testing::Range(1U, 9U));

}  // namespace
}  // namespace berth::decisionlog
