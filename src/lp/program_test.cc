#include "lp/program.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace berth::lp {
namespace {

constexpr double kClose = 1e-7;

// maximise 3a + 5b where a <= 4, 2b <= 12, 3a + 2b <= 18: the textbook case of Dantzig's simplex.
Program doors_and_windows() {
  Program program;
  for (const double bound : {4.0, 12.0, 18.0}) EXPECT_TRUE(program.add_row(Row::AtMost, bound));
  EXPECT_TRUE(program.add_column(3, std::vector<Term>{{0, 1}, {2, 3}}));
  EXPECT_TRUE(program.add_column(5, std::vector<Term>{{1, 2}, {2, 2}}));
  return program;
}

TEST(LinearProgram, FindsTheKnownOptimumAndItsShadowPrices) {
  Program program = doors_and_windows();
  const Result<Solution> solution = program.solve();
  ASSERT_TRUE(solution);
  EXPECT_NEAR(solution->objective, 36, kClose);
  EXPECT_NEAR(solution->values[0], 2, kClose);
  EXPECT_NEAR(solution->values[1], 6, kClose);
  EXPECT_NEAR(solution->duals[0], 0, kClose);
  EXPECT_NEAR(solution->duals[1], 1.5, kClose);
  EXPECT_NEAR(solution->duals[2], 1, kClose);
}

TEST(LinearProgram, GoesOnFromTheLastOptimumWhenAColumnIsAdded) {
  Program program = doors_and_windows();
  ASSERT_TRUE(program.solve());
  const Result<int> column = program.add_column(4, std::vector<Term>{{2, 1}}, 10);
  ASSERT_TRUE(column);
  EXPECT_EQ(*column, 2);
  const Result<Solution> solution = program.solve();
  ASSERT_TRUE(solution);
  EXPECT_NEAR(solution->objective, 10 * 4 + 4 * 5, kClose);  // 10 of the new, then 8 left for b
  EXPECT_NEAR(solution->values[2], 10, kClose);
}

TEST(LinearProgram, FollowsAChangedBoundByItsDual) {
  Program program = doors_and_windows();
  ASSERT_TRUE(program.solve());
  ASSERT_TRUE(program.set_bound(1, 13));
  const Result<Solution> solution = program.solve();
  ASSERT_TRUE(solution);
  EXPECT_NEAR(solution->objective, 36 + 1.5, kClose);
}

TEST(LinearProgram, KeepsAnEqualityAsOne) {
  Program program;
  ASSERT_TRUE(program.add_row(Row::Exactly, 3));
  ASSERT_TRUE(program.add_column(-1, std::vector<Term>{{0, 1}}));
  ASSERT_TRUE(program.add_column(-2, std::vector<Term>{{0, 1}}));
  const Result<Solution> solution = program.solve();
  ASSERT_TRUE(solution);
  EXPECT_NEAR(solution->objective, -3, kClose);
  EXPECT_NEAR(solution->duals[0], -1, kClose);
}

TEST(LinearProgram, SaysThatNothingFitsInsteadOfAnAnswer) {
  Program program;
  ASSERT_TRUE(program.add_row(Row::Exactly, 3));
  ASSERT_TRUE(program.add_row(Row::AtMost, 2));
  ASSERT_TRUE(program.add_column(1, std::vector<Term>{{0, 1}, {1, 1}}));
  const Result<Solution> solution = program.solve();
  ASSERT_FALSE(solution);
  EXPECT_EQ(solution.error().code, Code::Invalid);
  EXPECT_EQ(solution.error().message, "linear program: no values meet every row");
}

TEST(LinearProgram, SaysThatTheObjectiveHasNoLimit) {
  Program program;
  ASSERT_TRUE(program.add_row(Row::AtMost, 2));
  ASSERT_TRUE(program.add_column(1, {}));
  const Result<Solution> solution = program.solve();
  ASSERT_FALSE(solution);
  EXPECT_EQ(solution.error().message, "linear program: the objective has no limit");
}

TEST(LinearProgram, IsSolvableAgainAfterItWasNot) {
  Program program;
  ASSERT_TRUE(program.add_row(Row::AtMost, -1));
  ASSERT_TRUE(program.add_column(1, std::vector<Term>{{0, 1}}));
  ASSERT_FALSE(program.solve());
  ASSERT_TRUE(program.set_bound(0, 1));
  const Result<Solution> solution = program.solve();
  ASSERT_TRUE(solution);
  EXPECT_NEAR(solution->objective, 1, kClose);
}

TEST(LinearProgram, RefusesWhatIsNoProgram) {
  Program program = doors_and_windows();
  EXPECT_FALSE(program.add_row(Row::AtMost, std::nan("")));
  EXPECT_FALSE(program.add_column(1, std::vector<Term>{{3, 1}}));
  EXPECT_FALSE(program.add_column(1, std::vector<Term>{{-1, 1}}));
  EXPECT_FALSE(program.add_column(1, std::vector<Term>{{1, 1}, {1, 2}}));
  EXPECT_FALSE(program.add_column(1, std::vector<Term>{{1, std::nan("")}}));
  EXPECT_FALSE(program.add_column(std::nan(""), {}));
  EXPECT_FALSE(program.add_column(1, {}, -1));
  EXPECT_FALSE(program.set_bound(3, 1));
  EXPECT_EQ(program.rows(), 3);
  EXPECT_EQ(program.columns(), 2);
}

TEST(LinearProgram, WithoutRowsOrColumnsIsWorthNothing) {
  Program program;
  const Result<Solution> empty = program.solve();
  ASSERT_TRUE(empty);
  EXPECT_EQ(empty->objective, 0);
  ASSERT_TRUE(program.add_row(Row::AtMost, 1));
  const Result<Solution> idle = program.solve();
  ASSERT_TRUE(idle);
  EXPECT_EQ(idle->objective, 0);
}

class RandomPrograms : public testing::TestWithParam<unsigned> {};

// Strong duality proves both answers at once: feasible values and feasible prices of equal worth.
TEST_P(RandomPrograms, EndWithPricesThatProveTheValues) {
  std::mt19937 random(GetParam());
  std::uniform_int_distribution<int> count(1, 12);
  std::uniform_int_distribution<int> amount(1, 9);
  const int rows = count(random);
  const int columns = count(random);
  Program program;
  std::vector<double> bounds;
  for (int row = 0; row < rows; ++row) {
    bounds.push_back(amount(random));
    ASSERT_TRUE(program.add_row(Row::AtMost, bounds.back()));
  }
  std::vector<std::vector<Term>> terms;
  std::vector<double> gains;
  Result<Solution> solution = program.solve();
  for (int column = 0; column < columns; ++column) {
    std::vector<Term>& own = terms.emplace_back();
    for (int row = 0; row < rows; ++row) own.push_back({row, double(amount(random))});
    gains.push_back(amount(random));
    ASSERT_TRUE(program.add_column(gains.back(), own));
    solution = program.solve();
    ASSERT_TRUE(solution);
  }
  double worth = 0;
  std::vector<double> used(bounds.size());
  for (size_t row = 0; row < bounds.size(); ++row) {
    EXPECT_GE(solution->duals[row], -kClose);
    worth += bounds[row] * solution->duals[row];
  }
  for (size_t column = 0; column < gains.size(); ++column) {
    double cost = 0;
    for (const Term& term : terms[column]) {
      cost += term.coefficient * solution->duals[static_cast<size_t>(term.row)];
      used[static_cast<size_t>(term.row)] += term.coefficient * solution->values[column];
    }
    EXPECT_GE(cost, gains[column] - kClose);
  }
  for (size_t row = 0; row < bounds.size(); ++row) EXPECT_LE(used[row], bounds[row] + kClose);
  EXPECT_NEAR(worth, solution->objective, kClose);
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomPrograms, testing::Range(1U, 31U));

}  // namespace
}  // namespace berth::lp
