#include "worker/dataset.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include "worker/scratch_folder.h"

namespace berth::worker {
namespace {

constexpr const char* kSix = "0,2,0\n4,8,1\n1,1,0\n2,2,2\n8,0,1\n3,3,2\n";

TEST(Dataset, HoldsOutEveryFifthLineAndScalesByTheLargestValue) {
  const ScratchFolder folder;
  const auto split = read_split(folder.write("d.csv", kSix));
  ASSERT_TRUE(split.ok()) << split.error().message;
  EXPECT_EQ(split->train.size(), 5);
  EXPECT_EQ(split->held_out.size(), 1);
  EXPECT_EQ(split->train.features, 2);
  EXPECT_EQ(split->train.classes, 3);
  EXPECT_EQ(split->held_out.values, (std::vector<float>{1, 0}));
  EXPECT_EQ(split->held_out.labels, (std::vector<int64_t>{1}));
  EXPECT_EQ(split->train.values[2], 0.5F);
}

TEST(Dataset, ReadsGzipAndCarriageReturnsAsTheSame) {
  const ScratchFolder folder;
  const std::string path = (folder.path() / "d.csv.gz").string();
  const gzFile file = gzopen(path.c_str(), "wb");
  gzputs(file, kSix);
  gzclose(file);
  const auto packed = read_split(path);
  ASSERT_TRUE(packed.ok()) << packed.error().message;
  EXPECT_EQ(packed->sha256, read_split(folder.write("d.csv", kSix))->sha256);
  EXPECT_EQ(
      read_split(folder.write("dos.csv", "1,0\r\n1,1\r\n1,0\r\n1,0\r\n1,1\r\n"))->train.size(), 4);
}

TEST(Dataset, SaysWhereItIsWrong) {
  const ScratchFolder folder;
  struct Case {
    std::string text, want_in_message;
  };
  for (const Case& c : std::initializer_list<Case>{
           {"1,2,0\n1,x,0\n", "d.csv:2: column 2: want a number, got 'x'"},
           {"1,2,0\n1,0\n", "d.csv:2: want 2 features and a class, got 2 columns"},
           {"1\n", "d.csv:1: want 1 features and a class, got 1 columns"},
           {"1,2,0.5\n", "d.csv:1: the last column is the class"},
           {"1,2,-1\n", "d.csv:1: the last column is the class"},
           {"1,nan\n", "d.csv:1: the last column is the class"},
           {"1,2,0\n", "want at least 5 lines, got 1"},
           {"", "want at least 5 lines, got 0"}}) {
    const auto split = read_split(folder.write("d.csv", c.text));
    ASSERT_FALSE(split.ok()) << c.text;
    EXPECT_EQ(split.error().code, Code::Invalid);
    EXPECT_NE(split.error().message.find(c.want_in_message), std::string::npos)
        << split.error().message;
  }
  EXPECT_EQ(read_split(folder.path() / "none.csv").error().code, Code::Invalid);
}

TEST(Dataset, ACutOffGzipIsAnError) {
  const ScratchFolder folder;
  const std::string path = (folder.path() / "d.csv.gz").string();
  const gzFile file = gzopen(path.c_str(), "wb");
  for (int i = 0; i < 1000; ++i) gzprintf(file, "%d,%d\n", i * 7919 % 997, i % 3);
  gzclose(file);
  std::filesystem::resize_file(path, 700);
  const auto split = read_split(path);
  ASSERT_FALSE(split.ok());
  EXPECT_NE(split.error().message.find("read data " + path), std::string::npos);
}

}  // namespace
}  // namespace berth::worker
