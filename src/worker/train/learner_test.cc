#include "worker/train/learner.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "worker/sampler.h"

namespace berth::worker {
namespace {

// Two noisy half planes; the noise is a fixed sequence.
Dataset half_planes(int64_t samples, int64_t features) {
  Dataset data{.features = features, .classes = 2};
  for (int64_t i = 0; i < samples; ++i) {
    const int64_t label = i % 2;
    for (int64_t j = 0; j < features; ++j) {
      const auto noise =
          static_cast<float>(mix_seed(9, static_cast<uint64_t>(i), static_cast<uint64_t>(j)) %
                             1000) /
          1000;
      data.values.push_back(label == 1 ? noise / 2 + 0.5F : noise / 2);
    }
    data.labels.push_back(label);
  }
  return data;
}

std::unique_ptr<Learner> learner_of(const std::string& model, const Dataset& data) {
  return make_learner(TrainSettings{.model = model, .device = DeviceChoice::Cpu}, data).value();
}

// Steps `from` to `to` of a gang of one.
double train(Learner& learner, const Dataset& data, int64_t from, int64_t to) {
  Sampler sampler(data.size(), 16, 1);
  double loss = 0;
  for (int64_t step = from; step < to; ++step) {
    const auto seed = mix_seed(1, static_cast<uint64_t>(step), 0);
    EXPECT_TRUE(learner.compute(sampler.share(step, 0, 1), seed, false).ok());
    loss = learner.apply().value().loss;
  }
  return loss;
}

class EachModel : public ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Learner, EachModel, ::testing::Values("mlp", "cnn"));

TEST_P(EachModel, LearnsAndTellsHowWell) {
  const Dataset data = half_planes(128, 16);
  const auto learner = learner_of(GetParam(), data);
  const double before = learner->evaluate(data)->loss;
  const double after = train(*learner, data, 0, 60);
  EXPECT_LT(after, before / 2);
  EXPECT_GT(learner->evaluate(data)->accuracy, 0.95);
  EXPECT_EQ(learner->step(), 60);
}

TEST_P(EachModel, ResumedFromItsStateEndsWithTheSameBits) {
  const Dataset data = half_planes(64, 16);
  const auto unbroken = learner_of(GetParam(), data);
  train(*unbroken, data, 0, 25);

  const auto first = learner_of(GetParam(), data);
  train(*first, data, 0, 11);
  const auto second = learner_of(GetParam(), data);
  ASSERT_TRUE(second->restore(first->state()).ok());
  EXPECT_EQ(second->step(), 11);
  (void)second->evaluate(data);  // looking on the way changes nothing
  train(*second, data, 11, 25);
  EXPECT_EQ(second->weights_sha256(), unbroken->weights_sha256());
}

TEST(Learner, RefusesAStateOfAnotherModel) {
  const Dataset data = half_planes(64, 16);
  const auto refused = learner_of("cnn", data)->restore(learner_of("mlp", data)->state());
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::Invalid);
}

TEST(Learner, CarriesAVoteToStopInTheSameBuffer) {
  const Dataset data = half_planes(64, 16);
  const auto learner = learner_of("mlp", data);
  const std::vector<int64_t> share = {0, 1, 2};
  ASSERT_TRUE(learner->compute(share, 1, true).ok());
  EXPECT_TRUE(learner->apply()->stop_asked);
  ASSERT_TRUE(learner->compute(share, 1, false).ok());
  EXPECT_FALSE(learner->apply()->stop_asked);
}

TEST(Learner, RefusesDataThatTheModelCannotTake) {
  const auto made =
      make_learner(TrainSettings{.model = "cnn", .device = DeviceChoice::Cpu}, half_planes(8, 15));
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().message, "model cnn wants square images, the data has 15 features");
}

TEST(Learner, SavesATorchScriptOfTheSameBytesEachTime) {
  const Dataset data = half_planes(64, 16);
  const auto learner = learner_of("mlp", data);
  const auto script = learner->torch_script();
  ASSERT_TRUE(script.ok());
  EXPECT_EQ(*script, *learner->torch_script());
  EXPECT_EQ(static_cast<char>((*script)[0]), 'P');  // a zip archive
}

}  // namespace
}  // namespace berth::worker
