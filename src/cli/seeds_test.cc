#include "cli/seeds.h"

#include <gtest/gtest.h>

namespace berth::cli {
namespace {

TEST(Seeds, AreARangeOrAList) {
  EXPECT_EQ(*parse_seeds("42..44"), (std::vector<uint64_t>{42, 43, 44}));
  EXPECT_EQ(*parse_seeds("7"), (std::vector<uint64_t>{7}));
  EXPECT_EQ(*parse_seeds("7,3"), (std::vector<uint64_t>{7, 3}));
  EXPECT_EQ(parse_seeds("18446744073709551614..18446744073709551615")->size(), 2U);
}

TEST(Seeds, RefuseWhatIsNeither) {
  for (const char* text : {"", "x", "1,", "1..", "..1", "2..1", "1...2", "-1", "0..1000", "1 2"}) {
    EXPECT_FALSE(parse_seeds(text)) << text;
  }
}

}  // namespace
}  // namespace berth::cli
