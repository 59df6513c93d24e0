#include "sim/csv.h"

#include <gtest/gtest.h>

namespace berth::sim {
namespace {

TEST(Csv, ReadsCellsByTheirTitle) {
  const auto csv = Csv::parse("jobs", "id,gpus\r\na,8\nb,\n");
  ASSERT_TRUE(csv);
  ASSERT_EQ(csv->rows(), 2U);
  EXPECT_EQ(csv->cell(0, *csv->column("gpus")), "8");
  EXPECT_EQ(csv->cell(1, *csv->column("gpus")), "");
  EXPECT_FALSE(csv->column("cpu"));
}

TEST(Csv, NamesFileAndLineOfARowOfAnotherWidth) {
  EXPECT_EQ(Csv::parse("jobs", "id,gpus\na,8\nb\n").error().message, "jobs:3: want 2 cells, got 1");
  EXPECT_EQ(Csv::parse("jobs", "").error().message, "jobs: want a header line");
}

TEST(Csv, NamesTheColumnOfACellThatIsNoNumber) {
  const auto csv = Csv::parse("jobs", "id,gpus\na,eight\nb,1.5\n");
  EXPECT_EQ(csv->integer(0, 1).error().message, "jobs:2: gpus: want a whole number, got 'eight'");
  EXPECT_FALSE(csv->integer(1, 1));
  EXPECT_EQ(*csv->scaled(1, 1, 1000), 1500);
  EXPECT_FALSE(csv->scaled(0, 1, 1000));
}

}  // namespace
}  // namespace berth::sim
