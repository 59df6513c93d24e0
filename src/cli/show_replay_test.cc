#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/program.h"
#include "decisionlog/chain.h"

namespace berth::cli {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr const char* kGolden = "tests/golden/decisions.jsonl";

struct Replayed {
  int exit = 0;
  std::string out;
  std::string err;
};
Replayed replay(std::vector<const char*> words) {
  std::ostringstream out;
  std::ostringstream err;
  words.insert(words.begin(), {"kubectl-berth", "replay"});
  const Surroundings around{.out = out, .err = err, .cpu_time = {}};
  const int exit = run_program(static_cast<int>(words.size()), words.data(), around);
  return {exit, out.str(), err.str()};
}

std::vector<std::string> golden_lines() {
  std::ifstream file(kGolden);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

// A file of these lines, with the hashes that they then have.
std::string sealed_file(const std::string& name, const std::vector<std::string>& lines) {
  const std::string path = testing::TempDir() + name + ".jsonl";
  std::ofstream file(path);
  std::string hash;
  for (const std::string& line : lines) {
    file << decisionlog::seal(std::string(decisionlog::body_of_line(line)) + "}", hash);
  }
  return path;
}

TEST(Replay, OfAGoldenLogDecidesTheSame) {
  const Replayed ran = replay({kGolden});
  EXPECT_EQ(ran.exit, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("every pass decided the same, byte for byte"));
  const Replayed json = replay({kGolden, "--json"});
  const Json said = Json::parse(json.out, nullptr, false);
  EXPECT_EQ(said.at("passes"), 3);
  EXPECT_EQ(said.at("admitted"), 2);
  EXPECT_EQ(said.at("passes_that_differ"), 0);
  EXPECT_TRUE(said.at("first_difference").is_null());
}

TEST(Replay, ADecisionThatIsNotMadeAgainIsANoWithBothSides) {
  std::vector<std::string> lines = golden_lines();
  ASSERT_GT(lines.size(), 1U);
  const std::string there = "\"counts\":[4],\"nodes\":[\"a\"]";
  ASSERT_NE(lines[1].find(there), std::string::npos) << lines[1];
  lines[1].replace(lines[1].find(there), there.size(), "\"counts\":[4],\"nodes\":[\"b\"]");
  const std::string path = sealed_file("differs", lines);
  const Replayed ran = replay({path.c_str()});
  EXPECT_EQ(ran.exit, 1) << ran.err;
  EXPECT_THAT(ran.out, AllOf(HasSubstr("1 pass decided otherwise, first 1 (line 2)"),
                             HasSubstr("logged    on b"), HasSubstr("replayed  on a")));
}

TEST(Replay, AChangedFileIsUnreadableInItsLine) {
  std::vector<std::string> lines = golden_lines();
  ASSERT_GT(lines.size(), 2U);
  lines[2].insert(lines[2].size() - 100, " ");
  const std::string path = testing::TempDir() + "changed.jsonl";
  {
    std::ofstream file(path);
    for (const std::string& line : lines) file << line << "\n";
  }
  const Replayed ran = replay({path.c_str()});
  EXPECT_EQ(ran.exit, 2);
  EXPECT_EQ(ran.err, "kubectl-berth replay: " + path +
                         ": line 3: the hash is not that of the line: it was changed\n");
  EXPECT_EQ(replay({"no-such-file"}).exit, 2);
}

TEST(Replay, ShowsOnePassWholeAndStopsWhereItIsTold) {
  const Replayed shown = replay({kGolden, "--show", "1"});
  EXPECT_EQ(shown.exit, 0) << shown.err;
  EXPECT_THAT(shown.out,
              AllOf(HasSubstr("Pass 1 (line 2)"), HasSubstr("nodes 2"), HasSubstr("held "),
                    HasSubstr("on a"), HasSubstr("  not b: Worse, scores ")));
  const Json until = Json::parse(replay({kGolden, "--until", "2", "--json"}).out, nullptr, false);
  EXPECT_EQ(until.at("last_pass"), 2);
  EXPECT_EQ(replay({kGolden, "--show", "99"}).exit, 2);
}

}  // namespace
}  // namespace berth::cli
