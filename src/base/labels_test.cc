#include "base/labels.h"

#include <gtest/gtest.h>

#include <vector>

namespace berth {
namespace {

TEST(Labels, ACopyIsTheSameUntilOneOfThemChanges) {
  Labels one{{"app", "x"}, {"tier", "y"}};
  Labels other = one;
  EXPECT_EQ(&one.map(), &other.map());
  other["app"] = "z";
  EXPECT_EQ(one.at("app"), "x");
  EXPECT_EQ(other, (Labels{{"app", "z"}, {"tier", "y"}}));
  EXPECT_FALSE(one.is_shared());
}

TEST(Labels, WhatIsNotThereIsErasedWithoutACopy) {
  const Labels one{{"app", "x"}};
  Labels other = one;
  other.erase("tier");
  EXPECT_EQ(&one.map(), &other.map());
  other.erase("app");
  EXPECT_TRUE(other.empty());
  EXPECT_EQ(other, Labels());
  EXPECT_EQ(one.size(), 1u);
}

TEST(SameLabels, EqualOnesAreThereOnce) {
  SameLabels same;
  const Labels one = same.share({{"app", "x"}});
  const Labels other = same.share({{"app", "x"}});
  EXPECT_EQ(&one.map(), &other.map());
  EXPECT_NE(&one.map(), &same.share({{"app", "y"}}).map());
}

TEST(SameLabels, ThoseThatNobodyHoldsAreForgotten) {
  SameLabels same;
  std::vector<Labels> held;
  for (int i = 0; i < 10; ++i) held.push_back(same.share({{"held", std::to_string(i)}}));
  for (int i = 0; i < 10'000; ++i) same.share({{"gone", std::to_string(i)}});
  EXPECT_LT(same.size(), 200u);
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(&same.share({{"held", std::to_string(i)}}).map(),
              &held[static_cast<size_t>(i)].map());
  }
}

}  // namespace
}  // namespace berth
