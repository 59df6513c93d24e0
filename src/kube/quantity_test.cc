#include "kube/quantity.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>

namespace berth::kube {
namespace {

constexpr int64_t kMost = std::numeric_limits<int64_t>::max();

TEST(Quantity, ReadsEverySuffix) {
  const std::pair<const char*, int64_t> cases[] = {
      {"0", 0},
      {"7", 7},
      {"+7", 7},
      {"-7", -7},
      {"1k", 1'000},
      {"2M", 2'000'000},
      {"1Ki", 1024},
      {"1.5Gi", 1'610'612'736},
      {"1e3", 1'000},
      {"1E3", 1'000},
      {"1.5e1", 15},
      {"12e-1", 2},
      {"100m", 1},
      {"1n", 1},
      {"2000m", 2},
      {"2001m", 3},
      {"-100m", -1},
      {".5", 1},
      {"5.", 5},
      {"0.0", 0},
      {"1E", 1'000'000'000'000'000'000},
      {"1Ei", 1LL << 60},
      {"0.000000000000000000000000001", 1},
      {"1Ti", 1LL << 40},
  };
  for (const auto& [text, want] : cases) {
    const auto got = parse_quantity(text);
    ASSERT_TRUE(got.ok()) << text;
    EXPECT_EQ(*got, want) << text;
  }
}

TEST(Quantity, CountsThousandths) {
  EXPECT_EQ(*parse_milli("250m"), 250);
  EXPECT_EQ(*parse_milli("1.5"), 1'500);
  EXPECT_EQ(*parse_milli("100u"), 1);
  EXPECT_EQ(*parse_milli("0.0015Ki"), 1'536);
  EXPECT_EQ(*parse_milli("2"), 2'000);
}

TEST(Quantity, EndsAtTheEndOfTheInteger) {
  for (const char* text : {"8Ei", "10E", "9223372036854775808", "1e999999999999", "9999999999P"}) {
    EXPECT_EQ(*parse_quantity(text), kMost) << text;
    EXPECT_EQ(*parse_quantity("-" + std::string(text)), -kMost) << text;
  }
  EXPECT_EQ(*parse_quantity("9223372036854775807"), kMost);
  EXPECT_EQ(*parse_milli("9223372036854775.807"), kMost);
  EXPECT_EQ(*parse_quantity("1e-999999999999"), 1);
  EXPECT_EQ(*parse_quantity(std::string(100'000, '9')), kMost);
}

TEST(Quantity, RefusesWhatIsNone) {
  for (const char* text : {"", "+", ".", "m", "1 ", " 1", "1K", "1ki", "1e", "1e+", "1.2.3", "--1",
                           "0x10", "1Kii", "1mm", "nan", "1e1.5", "1,5"}) {
    const auto got = parse_quantity(text);
    ASSERT_FALSE(got.ok()) << text;
    EXPECT_EQ(got.error().code, Code::Invalid);
  }
}

TEST(Quantity, WritesTheCanonicalForm) {
  EXPECT_EQ(format_quantity(0), "0");
  EXPECT_EQ(format_quantity(12'000), "12k");
  EXPECT_EQ(format_quantity(1'500), "1500");
  EXPECT_EQ(format_milli(250), "250m");
  EXPECT_EQ(format_milli(2'000), "2");
  EXPECT_EQ(format_milli(1'500), "1500m");
  EXPECT_EQ(format_milli(5'000'000), "5k");
  EXPECT_EQ(format_bytes(1LL << 30), "1Gi");
  EXPECT_EQ(format_bytes(1'610'612'736), "1536Mi");
  EXPECT_EQ(format_bytes(-2048), "-2Ki");
}

TEST(Quantity, WhatIsWrittenReadsBackTheSame) {
  std::mt19937_64 random(20'260'822);
  for (int i = 0; i < 20'000; ++i) {
    // Shifts give every magnitude its share; products of round numbers give every suffix.
    const int64_t value =
        (static_cast<int64_t>(random()) >> (random() % 64)) / 1'000 * (i % 2 == 0 ? 1'000 : 1);
    EXPECT_EQ(*parse_quantity(format_quantity(value)), value);
    EXPECT_EQ(*parse_milli(format_milli(value)), value);
    EXPECT_EQ(*parse_quantity(format_bytes(value)), value);
  }
}

TEST(Quantity, WholeUnitsAreThousandthsRoundedAwayFromZero) {
  std::mt19937_64 random(7);
  const std::string suffixes[] = {"", "m", "u", "k", "Ki", "Mi", "e2", "e-4"};
  for (int i = 0; i < 20'000; ++i) {
    const std::string text =
        std::to_string(static_cast<int64_t>(random() % 2'000'000) - 1'000'000) + "." +
        std::to_string(random() % 100'000) + suffixes[random() % 8];
    const int64_t milli = *parse_milli(text);
    const int64_t away = milli < 0 ? -999 : 999;
    EXPECT_EQ(*parse_quantity(text), (milli + away) / 1'000) << text;
  }
}

TEST(Quantity, NoTextIsTooStrange) {
  std::mt19937_64 random(11);
  const std::string_view alphabet = "0123456789.+-eEinumkKMGTP \0\xff";
  for (int i = 0; i < 100'000; ++i) {
    std::string text;
    for (size_t left = random() % 12; left > 0; --left)
      text += alphabet[random() % alphabet.size()];
    const auto got = parse_quantity(text);
    if (!got.ok()) continue;
    EXPECT_EQ(*parse_quantity(format_quantity(*got)), *got) << text;
  }
}

}  // namespace
}  // namespace berth::kube
