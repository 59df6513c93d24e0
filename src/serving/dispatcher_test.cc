#include "serving/dispatcher.h"

#include <gmock/gmock.h>

#include <future>
#include <optional>

#include "serving/testing/models.h"

namespace berth::serving {
namespace {

using testing::Adder;
using testing::elements_in;
using testing::Gate;
using testing::pair_request;

class Counts final : public DispatchWatch {
 public:
  void dropped(Drop why) override { ++drops[static_cast<size_t>(why)]; }
  void computed(int64_t rows, Micros) override { rows_computed += rows; }
  int64_t under_way() const override { return requests; }

  std::array<std::atomic<int>, 3> drops{};
  std::atomic<int64_t> rows_computed = 0;
  std::atomic<int64_t> requests = 9;  // so that others always seem to be on the way
};

// One job whose answer can be waited for.
class Asked {
 public:
  Job job(float a, float b, MicroTime deadline) {
    return {.request = pair_request(a, b),
            .fit = {.rows = 1, .kind = ""},
            .deadline = deadline,
            .done = [this](const Request&, Result<Outputs> outputs) {
              promise_.set_value(std::move(outputs));
            }};
  }
  bool is_answered() {
    return future_.wait_for(std::chrono::seconds(10)) == std::future_status::ready;
  }
  bool is_answered_yet() {
    return future_.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
  }
  Result<Outputs> answer() {
    EXPECT_TRUE(is_answered());
    return future_.get();
  }
  float sum() { return elements_in<float>(answer()->front()).front(); }

 private:
  std::promise<Result<Outputs>> promise_;
  std::future<Result<Outputs>> future_ = promise_.get_future();
};

class DispatcherTest : public ::testing::Test {
 protected:
  void start(BatchRules rules, int instances = 1) {
    std::vector<std::unique_ptr<Instance>> made;
    for (int i = 0; i < instances; ++i) made.push_back(std::make_unique<Adder>(gate_));
    dispatcher_ = std::make_unique<Dispatcher>(rules, std::move(made), counts_);
  }
  Result<uint64_t> ask(Asked& asked, float a = 1, float b = 2) {
    return dispatcher_->submit(asked.job(a, b, now_micros() + std::chrono::seconds(60)));
  }
  int drops(DispatchWatch::Drop why) const { return counts_.drops[static_cast<size_t>(why)]; }
  ~DispatcherTest() override { gate_.open(); }

  static constexpr BatchRules kAtOnce{.rows_max = 4, .delay_max = Micros{0}, .waiting_max = 2};

  Gate gate_;
  Counts counts_;
  std::unique_ptr<Dispatcher> dispatcher_;
};

TEST_F(DispatcherTest, AnswersEachRequestWithItsOwnRows) {
  start({.rows_max = 3, .delay_max = std::chrono::seconds(60), .waiting_max = 9});
  Asked one;
  Asked two;
  Asked three;
  ASSERT_TRUE(ask(one, 1, 2).ok());
  ASSERT_TRUE(ask(two, 10, 20).ok());
  EXPECT_FALSE(one.is_answered_yet());
  ASSERT_TRUE(ask(three, 100, 200).ok());  // fills the batch
  EXPECT_EQ(one.sum(), 3);
  EXPECT_EQ(two.sum(), 30);
  EXPECT_EQ(three.sum(), 300);
  dispatcher_->stop();
  EXPECT_EQ(counts_.rows_computed, 3);
}

TEST_F(DispatcherTest, DoesNotWaitForOthersLongerThanTheDelay) {
  start({.rows_max = 100, .delay_max = std::chrono::milliseconds(5), .waiting_max = 9});
  Asked one;
  ASSERT_TRUE(ask(one).ok());
  EXPECT_EQ(one.sum(), 3);
}

TEST_F(DispatcherTest, DoesNotWaitForOthersThatHaveNotCome) {
  start({.rows_max = 100, .delay_max = std::chrono::seconds(60), .waiting_max = 9});
  counts_.requests = 2;
  Asked one;
  Asked two;
  ASSERT_TRUE(ask(one).ok());
  EXPECT_FALSE(one.is_answered_yet());
  ASSERT_TRUE(ask(two).ok());
  EXPECT_EQ(one.sum() + two.sum(), 6);
}

TEST_F(DispatcherTest, RefusesMoreThanMayWait) {
  gate_.open(false);
  start(kAtOnce);
  std::array<Asked, 4> asked;
  ASSERT_TRUE(ask(asked[0]).ok());
  ASSERT_TRUE(gate_.has_seen(1));
  ASSERT_TRUE(ask(asked[1]).ok());
  ASSERT_TRUE(ask(asked[2]).ok());
  const auto refused = ask(asked[3]);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::Unavailable);
  EXPECT_TRUE(refused.error().retry_after);
  EXPECT_EQ(drops(DispatchWatch::Drop::Full), 1);
  EXPECT_EQ(dispatcher_->waiting(), 2U);
  gate_.open();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(asked[static_cast<size_t>(i)].sum(), 3);
}

// Fails at every batch with a 13 in it.
class Superstitious final : public Instance {
 public:
  explicit Superstitious(Gate& gate) : adder_(gate) {}
  Result<std::vector<Outputs>> compute(std::span<const Request* const> batch) override {
    for (const Request* request : batch) {
      if (elements_in<float>(request->inputs.front()).front() == 13) {
        return Error{Code::Internal, "13"};
      }
    }
    return adder_.compute(batch);
  }

 private:
  Adder adder_;
};

TEST_F(DispatcherTest, ARequestThatTheModelFailsAtTakesNoOtherOfItsBatchWithIt) {
  std::vector<std::unique_ptr<Instance>> made;
  made.push_back(std::make_unique<Superstitious>(gate_));
  const BatchRules all_at_once{
      .rows_max = 5, .delay_max = std::chrono::seconds(60), .waiting_max = 9};
  dispatcher_ = std::make_unique<Dispatcher>(all_at_once, std::move(made), counts_);
  std::array<Asked, 5> asked;
  for (size_t i = 0; i < asked.size(); ++i) {
    ASSERT_TRUE(ask(asked[i], i == 2 ? 13.F : 1.F).ok());
  }
  EXPECT_EQ(asked[2].answer().error().message, "13");
  for (const size_t other : {0UL, 1UL, 3UL, 4UL}) EXPECT_EQ(asked[other].sum(), 3);
}

TEST_F(DispatcherTest, WhatIsTooLateIsRefusedAndNotComputed) {
  gate_.open(false);
  start(kAtOnce);
  Asked busy;
  Asked late;
  ASSERT_TRUE(ask(busy).ok());
  ASSERT_TRUE(gate_.has_seen(1));
  ASSERT_TRUE(dispatcher_->submit(late.job(1, 2, now_micros())).ok());
  gate_.open();
  EXPECT_EQ(late.answer().error().code, Code::Timeout);
  EXPECT_EQ(busy.sum(), 3);
  dispatcher_->stop();
  EXPECT_EQ(counts_.rows_computed, 1);
  EXPECT_EQ(drops(DispatchWatch::Drop::Expired), 1);
}

TEST_F(DispatcherTest, WhoseClientIsGoneIsDroppedWhileItWaitsAndNotLater) {
  gate_.open(false);
  start(kAtOnce);
  Asked busy;
  Asked gone;
  const auto busy_id = ask(busy);
  ASSERT_TRUE(gate_.has_seen(1));
  const auto gone_id = ask(gone);
  EXPECT_TRUE(dispatcher_->cancel(*gone_id));
  EXPECT_FALSE(dispatcher_->cancel(*gone_id));
  EXPECT_FALSE(dispatcher_->cancel(*busy_id)) << "it is being computed";
  gate_.open();
  EXPECT_EQ(busy.sum(), 3);
  dispatcher_->stop();
  EXPECT_FALSE(gone.is_answered_yet());
  EXPECT_EQ(drops(DispatchWatch::Drop::Gone), 1);
}

TEST_F(DispatcherTest, InstancesComputeAtTheSameTime) {
  gate_.open(false);
  start(kAtOnce, 2);
  Asked one;
  Asked two;
  ASSERT_TRUE(ask(one).ok());
  ASSERT_TRUE(gate_.has_seen(1));
  ASSERT_TRUE(ask(two).ok());
  EXPECT_TRUE(gate_.has_seen(2)) << "the first is still there";
  gate_.open();
  EXPECT_EQ(one.sum() + two.sum(), 6);
}

TEST_F(DispatcherTest, StoppingComputesWhatWasAccepted) {
  gate_.open(false);
  start({.rows_max = 4, .delay_max = std::chrono::milliseconds(20), .waiting_max = 9});
  std::array<Asked, 6> asked;
  for (Asked& one : asked) ASSERT_TRUE(ask(one).ok());
  gate_.open();
  dispatcher_->stop();
  for (Asked& one : asked) EXPECT_TRUE(one.is_answered_yet());
  Asked after;
  EXPECT_EQ(ask(after).error().code, Code::Unavailable);
}

}  // namespace
}  // namespace berth::serving
