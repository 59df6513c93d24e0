#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/fuzz/targets.h"

namespace berth::fuzz {
namespace {

namespace fs = std::filesystem;

const fs::path kCorpus = "tests/fuzz/corpus";

struct Target {
  const char* name;
  void (*run)(std::string_view);
};

#define BERTH_NAME_FUZZ_TARGET(NAME) {#NAME, NAME},
constexpr Target kTargets[] = {BERTH_FOR_EACH_FUZZ_TARGET(BERTH_NAME_FUZZ_TARGET)};
#undef BERTH_NAME_FUZZ_TARGET

std::string text_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// The inputs one after the other, then the first half of each: what is cut off is the mistake of
// which there is most.
class FuzzCorpus : public testing::TestWithParam<Target> {};

TEST_P(FuzzCorpus, DoesNoHarm) {
  size_t inputs = 0;
  for (const auto& entry : fs::directory_iterator(kCorpus / GetParam().name)) {
    SCOPED_TRACE(entry.path());
    const std::string text = text_of(entry.path());
    GetParam().run(text);
    GetParam().run(std::string_view(text).substr(0, text.size() / 2));
    ++inputs;
  }
  EXPECT_GT(inputs, 0U) << "no input is kept in " << kCorpus / GetParam().name;
}

INSTANTIATE_TEST_SUITE_P(Targets, FuzzCorpus, testing::ValuesIn(kTargets),
                         [](const auto& target) { return std::string(target.param.name); });

TEST(FuzzTargets, AreThoseThatHaveAFileAndThoseThatHaveACorpus) {
  std::set<std::string> listed;
  for (const Target& target : kTargets) listed.insert(target.name);
  std::set<std::string> files;
  for (const auto& entry : fs::directory_iterator("tests/fuzz/targets")) {
    files.insert(entry.path().stem());
  }
  std::set<std::string> corpora;
  for (const auto& entry : fs::directory_iterator(kCorpus)) corpora.insert(entry.path().filename());
  EXPECT_EQ(files, listed);
  EXPECT_EQ(corpora, listed);
}

}  // namespace
}  // namespace berth::fuzz
