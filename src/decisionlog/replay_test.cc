#include "decisionlog/replay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "decisionlog/log.h"
#include "decisionlog/testing/memory_files.h"
#include "decisionlog/testing/random_cluster.h"

namespace berth::decisionlog {
namespace {

using ::testing::HasSubstr;
using testing::MemoryFiles;
using testing::RandomCluster;

struct Recorded {
  MemoryFiles files;
  DecisionLog log;
  RecordedWorld world;
  RandomCluster cluster;

  explicit Recorded(uint32_t seed, int64_t file_bytes = int64_t{1} << 30)
      : log(files.opened(), {.program = "test", .file_bytes = file_bytes}),
        cluster(seed, recorded()) {}
  Recorded& steps(int count) {
    for (int i = 0; i < count; ++i) cluster.step();
    return *this;
  }

 private:
  RecordedWorld& recorded() {
    world.record_to(log);
    return world;
  }
};

class RandomLog : public ::testing::TestWithParam<uint32_t> {};

TEST_P(RandomLog, ReplaysToTheSameBytes) {
  Recorded recorded(GetParam());
  recorded.steps(200);
  const auto report = replay(recorded.files.files.at(1));
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->passes, 200);
  EXPECT_EQ(report->passes_that_differ, 0) << report->first->logged << "\n"
                                           << report->first->replayed;
  EXPECT_GT(report->admitted, 0);
  EXPECT_GT(report->held, 0);
}

TEST_P(RandomLog, EachOfItsFilesReplaysAlone) {
  Recorded recorded(GetParam(), 50'000);
  recorded.steps(300);
  ASSERT_GT(recorded.files.files.size(), 3U);
  int64_t passes = 0;
  std::string previous;
  for (const auto& [number, text] : recorded.files.files) {
    EXPECT_LE(text.size(), 50'000U);
    const auto report = replay(text);
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_EQ(report->passes_that_differ, 0)
        << "file " << number << " pass " << report->first->pass << "\n"
        << report->first->logged << "\n"
        << report->first->replayed;
    EXPECT_EQ(report->header.previous, previous);
    previous = report->last_hash;
    passes += report->passes;
  }
  EXPECT_EQ(passes, 300);
}

TEST_P(RandomLog, AChangedByteIsFoundInItsLine) {
  Recorded recorded(GetParam());
  const std::string whole = recorded.steps(30).files.files.at(1);
  std::mt19937 random(GetParam());
  for (int i = 0; i < 200; ++i) {
    std::string text = whole;
    const size_t at = std::uniform_int_distribution<size_t>(0, text.size() - 2)(random);
    const auto line = 1 + std::count(text.begin(), text.begin() + static_cast<long>(at), '\n');
    text[at] = static_cast<char>(text[at] ^ (1 << (random() % 7)));
    const auto report = replay(text);
    ASSERT_FALSE(report) << "byte " << at;
    EXPECT_THAT(report.error().message, HasSubstr("line " + std::to_string(line) + ":"));
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomLog, ::testing::Range(1U, 13U));

}  // namespace
}  // namespace berth::decisionlog
