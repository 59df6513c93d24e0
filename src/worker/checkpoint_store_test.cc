#include "worker/checkpoint_store.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <fstream>

#include "worker/checkpoint_writer.h"
#include "worker/scratch_folder.h"

namespace berth::worker {
namespace {

namespace fs = std::filesystem;

Manifest manifest(int64_t attempt, int64_t step) {
  return {
      .job = "train",
      .attempt = attempt,
      .step = step,
      .world_size = 2,
      .run = {
          .model = "mlp", .data_sha256 = "d", .seed = 7, .batch_size = 64, .learning_rate = 0.1}};
}

Bytes state_of(const std::string& text) {
  const auto bytes = bytes_of(text);
  return {bytes.begin(), bytes.end()};
}

class Checkpoints : public ::testing::Test {
 protected:
  CheckpointStore claim(int64_t attempt) {
    return CheckpointStore::claim(folder_.path(), attempt).value();
  }
  fs::path at(int64_t attempt, int64_t step) const {
    const std::string digits = std::to_string(step);
    return folder_.path() / ("attempt-" + std::to_string(attempt)) /
           ("step-" + std::string(12 - digits.size(), '0') + digits);
  }
  void publish(int64_t attempt, int64_t step) {
    const auto published =
        claim(attempt).publish(manifest(attempt, step), state_of("state " + std::to_string(step)));
    ASSERT_TRUE(published.ok()) << published.error().message;
  }
  // The step of the newest good checkpoint, -1 for none.
  int64_t newest(int64_t attempt) {
    const auto found = claim(attempt).newest_good();
    return found->checkpoint ? found->checkpoint->manifest.step : -1;
  }

  ScratchFolder folder_;
};

TEST_F(Checkpoints, ComeBackAsTheyWerePublished) {
  const auto store = claim(3);
  const auto published = store.publish(manifest(3, 120), state_of("weights"));
  ASSERT_TRUE(published.ok()) << published.error().message;
  EXPECT_EQ(published->uri, "file://" + at(3, 120).string());
  const auto found = store.newest_good();
  ASSERT_TRUE(found.ok() && found->checkpoint);
  EXPECT_EQ(found->checkpoint->state, state_of("weights"));
  EXPECT_EQ(found->checkpoint->published.sha256, sha256_hex(state_of("weights")));
  EXPECT_EQ(found->checkpoint->manifest.world_size, 2);
  EXPECT_EQ(found->checkpoint->manifest.run, manifest(3, 120).run);
}

TEST_F(Checkpoints, ThereAreNoneAtFirst) { EXPECT_EQ(newest(0), -1); }

TEST_F(Checkpoints, OfANewerAttemptComeFirstThenTheLaterStep) {
  publish(0, 50);
  publish(0, 90);
  EXPECT_EQ(newest(1), 90);
  publish(1, 60);  // attempt 1 went on from step 50, say, because 90 was damaged
  EXPECT_EQ(newest(1), 60);
}

TEST_F(Checkpoints, DamagedOnesAreSkippedForTheNewestGoodOne) {
  publish(0, 10);
  const auto damage = {
      +[](const fs::path& c) { std::ofstream(c / "state.bin") << "state 2O"; },  // same length
      +[](const fs::path& c) { fs::resize_file(c / "state.bin", 3); },
      +[](const fs::path& c) { fs::resize_file(c / "manifest.json", 40); },
      +[](const fs::path& c) { fs::resize_file(c / "manifest.json", 0); },
      +[](const fs::path& c) { fs::remove(c / "state.bin"); },
      +[](const fs::path& c) { fs::remove(c / "manifest.json"); },
      +[](const fs::path& c) { std::ofstream(c / "manifest.json") << R"({"format":2})"; },
  };
  for (const auto& harm : damage) {
    publish(0, 20);
    harm(at(0, 20));
    const auto found = claim(0).newest_good();
    ASSERT_TRUE(found.ok() && found->checkpoint);
    EXPECT_EQ(found->checkpoint->manifest.step, 10);
    ASSERT_EQ(found->skipped.size(), 1U);
    EXPECT_TRUE(found->skipped[0].starts_with(at(0, 20).string() + ": ")) << found->skipped[0];
  }
  publish(0, 20);  // a damaged one is replaced
  EXPECT_EQ(newest(0), 20);
}

TEST_F(Checkpoints, HalfWrittenOnesAreIgnoredAndCleanedUp) {
  publish(0, 10);
  const fs::path part = folder_.path() / "attempt-0" / ".part-step-000000000020";
  fs::create_directory(part);
  std::ofstream(part / "state.bin") << "half";
  EXPECT_EQ(newest(0), 10);
  publish(0, 30);
  EXPECT_FALSE(fs::exists(part));
}

TEST_F(Checkpoints, AnOvertakenAttemptMayNotPublish) {
  const auto old = claim(1);
  publish(1, 10);
  claim(2);  // the next attempt starts elsewhere while our node is cut off
  const auto published = old.publish(manifest(1, 20), state_of("late"));
  ASSERT_FALSE(published.ok());
  EXPECT_EQ(published.error().code, Code::Conflict);
  EXPECT_NE(published.error().message.find("attempt 2 has taken over from 1"), std::string::npos);
  EXPECT_FALSE(fs::exists(at(1, 20)));
  EXPECT_EQ(CheckpointStore::claim(folder_.path(), 1).error().code, Code::Conflict);
}

TEST_F(Checkpoints, TheNewestTwoAreKept) {
  publish(0, 10);
  publish(0, 20);
  publish(1, 30);
  EXPECT_FALSE(fs::exists(at(0, 10)));
  EXPECT_TRUE(fs::exists(at(0, 20)));
  publish(1, 40);
  EXPECT_FALSE(fs::exists(at(0, 20)));
  EXPECT_TRUE(fs::exists(at(1, 30)));
}

TEST_F(Checkpoints, TheSameStepAgainIsTheSameCheckpoint) {
  publish(0, 10);
  const auto before = fs::last_write_time(at(0, 10) / "state.bin");
  publish(0, 10);
  EXPECT_EQ(fs::last_write_time(at(0, 10) / "state.bin"), before);
}

TEST_F(Checkpoints, AFullDiskLeavesThePreviousOne) {
  publish(0, 10);
  // A limit on the size of files fails the write in the middle, as a full disk does.
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  rlimit small = before;
  small.rlim_cur = 4096;
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &small);
  const auto published = claim(0).publish(manifest(0, 20), Bytes(1 << 20));
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);

  ASSERT_FALSE(published.ok());
  EXPECT_TRUE(published.error().is_retryable());
  EXPECT_NE(published.error().message.find("state.bin: File too large"), std::string::npos);
  EXPECT_EQ(newest(0), 10);
}

TEST_F(Checkpoints, OfAnotherRunAreRefusedByName) {
  const RunIdentity saved = manifest(0, 0).run;
  EXPECT_TRUE(check_same_run(saved, saved).ok());
  RunIdentity wanted = saved;
  wanted.seed = 8;
  const Status refused = check_same_run(saved, wanted);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::Invalid);
  EXPECT_EQ(refused.error().message, "the checkpoint was made with seed 7, this run has 8");
}

TEST_F(Checkpoints, AreWrittenInTheBackground) {
  CheckpointWriter writer(claim(0));
  EXPECT_FALSE(writer.take(Millis{0}));
  writer.start(manifest(0, 5), state_of("state"));
  EXPECT_TRUE(writer.busy());
  const auto outcome = writer.take(std::chrono::minutes(1));
  ASSERT_TRUE(outcome && outcome->ok());
  EXPECT_FALSE(writer.busy());
  EXPECT_EQ(newest(0), 5);
}

}  // namespace
}  // namespace berth::worker
