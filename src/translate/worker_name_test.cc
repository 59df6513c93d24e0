#include "translate/worker_name.h"

#include <gtest/gtest.h>

namespace berth::translate {
namespace {

TEST(WorkerName, ComesBack) {
  EXPECT_EQ(worker_name("train", {3, 12}), "train-3-12");
  EXPECT_EQ(parse_worker_name("train", "train-3-12"), (WorkerName{3, 12}));
}

TEST(WorkerName, OfAnotherJobIsNone) {
  for (const char* pod : {"", "train", "train-", "train-1", "train-1-", "train--1", "trainer-1-0",
                          "train-1-0-0", "train-x-0", "train-1-x", "other-1-0"}) {
    EXPECT_FALSE(parse_worker_name("train", pod)) << pod;
  }
}

TEST(WorkerName, NumbersHaveOneSpelling) {
  for (const char* pod : {"train-01-0", "train-1-00", "train-+1-0", "train--1-0", "train-1- 0",
                          "train-99999999999999999999-0"}) {
    EXPECT_FALSE(parse_worker_name("train", pod)) << pod;
  }
}

TEST(WorkerName, OfAJobWhoseNameEndsInNumbersIsNotTakenForAnAttempt) {
  EXPECT_FALSE(parse_worker_name("run", "run-1-2-3"));
  EXPECT_EQ(parse_worker_name("run-1", "run-1-2-3"), (WorkerName{2, 3}));
}

}  // namespace
}  // namespace berth::translate
