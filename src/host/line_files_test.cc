#include "host/line_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

namespace berth::host {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

class Folder : public testing::Test {
 protected:
  Folder() { fs::remove_all(path); }
  ~Folder() override { fs::remove_all(path); }

  std::map<std::string, std::string> texts() const {
    std::map<std::string, std::string> all;
    for (const auto& entry : fs::directory_iterator(path)) {
      std::ostringstream text;
      text << std::ifstream(entry.path()).rdbuf();
      all[entry.path().filename().string()] = text.str();
    }
    return all;
  }

  const std::string path = testing::TempDir() + "line_files_" +
                           testing::UnitTest::GetInstance()->current_test_info()->name();
};

using LineFilesTest = Folder;

TEST_F(LineFilesTest, KeepsTheNewestFilesAndNumbersOnAfterARestart) {
  {
    auto files = LineFiles::open({.folder = path + "/deep", .most_files = 2});
    ASSERT_TRUE(files) << files.error().message;
  }
  fs::remove(path + "/deep");
  for (int run = 0; run < 2; ++run) {
    auto files = LineFiles::open({.folder = path, .most_files = 2});
    ASSERT_TRUE(files) << files.error().message;
    const int64_t first = (*files)->next_file();
    EXPECT_EQ(first, 1 + 2 * run);
    for (const int64_t file : {first, first + 1}) {
      ASSERT_TRUE((*files)->begin(file));
      ASSERT_TRUE((*files)->append("one\n"));
      ASSERT_TRUE((*files)->append("of " + std::to_string(file) + "\n"));
    }
  }
  EXPECT_THAT(texts(), ElementsAre(Pair("decisions-000003.jsonl", "one\nof 3\n"),
                                   Pair("decisions-000004.jsonl", "one\nof 4\n")));
}

TEST_F(LineFilesTest, AFolderThatCannotBeMadeIsAnErrorWithItsPath) {
  fs::create_directories(path);
  std::ofstream(path + "/file") << "x";
  const auto files = LineFiles::open({.folder = path + "/file/below"});
  ASSERT_FALSE(files);
  EXPECT_THAT(files.error().message, HasSubstr(path + "/file/below"));
}

TEST_F(LineFilesTest, TooMuchThatWaitsForTheDiskIsAnErrorAndNotAWait) {
  auto files = LineFiles::open({.folder = path, .most_waiting_bytes = 10});
  ASSERT_TRUE(files);
  ASSERT_TRUE((*files)->begin(1));
  const Status appended = (*files)->append("more than ten bytes\n");
  ASSERT_FALSE(appended);
  EXPECT_THAT(appended.error().message, HasSubstr("too slow"));
}

}  // namespace
}  // namespace berth::host
